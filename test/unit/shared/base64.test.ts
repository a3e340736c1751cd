import { expect, test } from "bun:test";
import fc from "fast-check";
import { isBase64 } from "../../../src/shared/base64.ts";

test.each([
  ["", true],
  ["Zm9v", true],
  ["Zm8=", true],
  ["Zg==", true],
  ["Zg = =\r\n", true],
  [" Z m 9 v ", true],
  ["-_+/", true],
  ["Zg", true],
  ["Zg===", false],
  ["Z=g=", false],
  ["Zm9v!", false],
  ["%%%", false],
  ["Zm9v\u0000", false],
])("%j: %p", (text, is) => {
  expect(isBase64(text)).toBe(is);
});

test("what was encoded is base64", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom("base64", "base64url"), (bytes, alphabet) => {
      expect(isBase64(Buffer.from(bytes).toString(alphabet as BufferEncoding))).toBe(true);
    }),
  );
});

test.each([
  ["spaces", `${" ".repeat(2_000_000)}!`],
  ["spaces behind the padding", `Zg=${" ".repeat(2_000_000)}Z`],
  ["padding", "=".repeat(2_000_000)],
])("a great many %s take no time to speak of", (_, text) => {
  const begun = performance.now();
  expect(isBase64(text)).toBe(false);
  // With one pattern for all of it, it is minutes.
  expect(performance.now() - begun).toBeLessThan(10_000);
});
