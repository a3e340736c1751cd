import { expect, test } from "bun:test";
import { advised } from "../../../src/platform/advice.ts";
import { PlatformError } from "../../../src/platform/platform.ts";

const failed = (status: number, hint?: string) =>
  new PlatformError("it failed", { verdict: "transient", status, hint });

test.each([403, 429, 500, 503])("a refusal with %i is told with what to do", (status) => {
  const told = advised(failed(status));
  expect(told.hint).toBeString();
  expect(told).toMatchObject({ message: "it failed", failure: { status } });
});

test("what has a hint keeps it, and what needs none gets none", () => {
  const known = failed(503, "look there");
  expect(advised(known)).toBe(known);
  const plain = failed(409);
  expect(advised(plain)).toBe(plain);
});
