import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../../src/shared/duration.ts";

describe("a duration on the command line", () => {
  test.each([
    ["90s", 90_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["1h0m0s", 3_600_000],
    ["0s", 0],
    ["2h45m30.5s", 9_930_500],
    ["1m5ms", 60_005],
    ["100h", 360_000_000],
  ])("%s is read as Go writes it", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    " ",
    "5",
    "s",
    "ms",
    "-5s",
    "+5s",
    "1 h",
    " 1h",
    "1h ",
    "1s\n",
    "1H",
    "1d",
    "1.s",
    ".5s",
    "1..5s",
    "1e3s",
    "0x1s",
    "1,5s",
    "Infinitys",
    "٣s",
    "1s2",
    "forever",
    `${"9".repeat(30)}h`,
    `${"9".repeat(400)}h`,
  ])("%j is refused", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("made of any whole parts is their sum", () => {
    const part = fc.nat({ max: 100_000 });
    fc.assert(
      fc.property(part, part, part, part, (h, m, s, ms) => {
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(
          h * 3_600_000 + m * 60_000 + s * 1_000 + ms,
        );
      }),
    );
  });

  test("is a whole number of milliseconds or nothing, whatever is typed", () => {
    const typed = fc.string({ unit: fc.constantFrom(..."0159.smh-e ") });
    fc.assert(
      fc.property(fc.oneof(typed, fc.string()), (text) => {
        const ms = parseDuration(text) ?? 0;
        expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
      }),
    );
  });
});

describe("a duration in a log line", () => {
  test.each([
    [0, "0 ms"],
    [0.4, "0 ms"],
    [340, "340 ms"],
    [999.4, "999 ms"],
    [999.7, "1 s"],
    [1_000, "1 s"],
    [2_500, "2.5 s"],
    [2_468, "2.5 s"],
    [59_900, "59.9 s"],
    [59_960, "1 min"],
    [60_000, "1 min"],
    [245_000, "4 min 5 s"],
    [3_599_600, "1 h"],
    [10_920_000, "3 h 2 min"],
    [86_400_000, "24 h"],
  ])("of %d ms reads %s", (ms, words) => {
    expect(formatDuration(ms)).toBe(words);
  });

  test("never says 1000 ms, 60 s or 60 min", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 10_000_000, noNaN: true }), (ms) => {
        expect(formatDuration(ms)).not.toMatch(/\b(1000 ms|60 s|60 min)\b/);
      }),
    );
  });
});
