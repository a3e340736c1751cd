import { expect, test } from "bun:test";
import fc from "fast-check";
import { nestsDeeper } from "../../../src/shared/nesting.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("the depth is that of the value", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const depth = depthOf(JSON.parse(text));
      expect([nestsDeeper(text, depth), nestsDeeper(text, depth - 1)]).toEqual([false, depth > 0]);
    }),
  );
});

test.each([
  ['"[[[[["', false],
  ['["\\"[[[["]', false],
  ['["\\\\",[[1]]]', true],
  ["[],[],[],[]", false],
  ["[[[", true],
  ["[[", false],
  ["", false],
])("%s nests deeper than two: %p", (text, deeper) => {
  expect(nestsDeeper(text, 2)).toBe(deeper);
});
