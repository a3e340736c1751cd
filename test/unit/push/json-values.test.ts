/** The weight of a JSON text, told before anything is made of it. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { countValues } from "../../../src/push/json-values.ts";

test.each([
  ["", 0],
  ["7", 0],
  ['"a,b[c{d"', 0],
  ['"\\",[\\\\",[1]', 2],
  ["[]", 1],
  ["[1,2]", 2],
  ['{"a":1,"b":{"c":[]}}', 4],
  ["[[[[", 4],
  ['["never ends,,,,', 1],
])("%p has %d", (text, count) => {
  expect(countValues(text, 1_000)).toBe(count);
});

test("of any JSON there are no fewer than of its values below the outermost", () => {
  const sum = (value: unknown): number =>
    typeof value === "object" && value !== null
      ? Object.values(value).reduce((total: number, inner) => total + 1 + sum(inner), 0)
      : 0;
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const count = countValues(JSON.stringify(value), Infinity);
      expect(count).toBeGreaterThanOrEqual(sum(value));
      // And no more than them and the objects and arrays that are empty.
      expect(count).toBeLessThanOrEqual(2 * sum(value) + 1);
    }),
  );
});

test("is not counted beyond what is asked for", () => {
  expect(countValues("[".repeat(1_000), 10)).toBe(11);
});
