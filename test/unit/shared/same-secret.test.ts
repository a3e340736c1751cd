import { expect, test } from "bun:test";
import fc from "fast-check";
import { isSameSecret } from "../../../src/shared/same-secret.ts";

test("texts are the same when all of them is, whatever their lengths", () => {
  expect(isSameSecret("", "")).toBe(true);
  expect(isSameSecret("secret", "secret")).toBe(true);
  expect(isSameSecret("secret", "secret ")).toBe(false);
  expect(isSameSecret("secret", "")).toBe(false);
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => isSameSecret(a, b) === (a === b)));
});
