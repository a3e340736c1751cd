import { expect, test } from "bun:test";
import { age } from "../../../src/cli/age.ts";

const NOW = Date.UTC(2026, 0, 1);
const ago = (seconds: number) => age(new Date(NOW - seconds * 1_000).toISOString(), NOW);

test.each([
  [0, "now"],
  [0.9, "now"],
  [-0.9, "now"],
  [1, "1s ago"],
  [59.9, "59s ago"],
  [60, "1m ago"],
  [119, "1m ago"],
  [3_599, "59m ago"],
  [3_600, "1h ago"],
  [86_399, "23h ago"],
  [86_400, "1d ago"],
  [364 * 86_400, "364d ago"],
  [366 * 86_400, "1y ago"],
  [-60, "in 1m"],
  [-7_300, "in 2h"],
])("%d seconds ago are '%s'", (seconds, text) => {
  expect(ago(seconds)).toBe(text);
});

test("a time may have nanoseconds and a zone", () => {
  expect(age("2025-12-31T23:55:00.123456789+00:00", NOW)).toBe("4m ago");
  expect(age("2026-01-01T01:00:00+01:00", NOW)).toBe("now");
});

test("what is no time has no age", () => {
  for (const value of ["", "yesterday", null, undefined, 5, "2026-13-01T00:00:00Z"]) {
    expect(age(value, NOW)).toBeUndefined();
  }
});
