import { expect, test } from "bun:test";
import { isTooDeep } from "../../../src/shared/json.ts";

const nested = (levels: number): unknown => {
  let value: unknown = "core";
  for (let n = 0; n < levels; n++) value = n % 2 === 0 ? [value] : { inner: value };
  return value;
};

test.each([0, 1, 2, 7, 100])("what is nested %d levels deep is no deeper than that", (levels) => {
  expect(isTooDeep(nested(levels), levels)).toBe(false);
  if (levels > 0) expect(isTooDeep(nested(levels), levels - 1)).toBe(true);
});

test("the deepest of several counts", () => {
  expect(isTooDeep({ a: 1, b: [nested(3)], c: null }, 5)).toBe(false);
  expect(isTooDeep({ a: 1, b: [nested(3)], c: null }, 4)).toBe(true);
});

test("what is deeper than any stack is told without walking through it", () => {
  expect(isTooDeep(nested(200_000), 1_000)).toBe(true);
});
