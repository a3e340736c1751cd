import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  BACKOFF_BASE_MS,
  BACKOFF_CAP_MS,
  fullJitter,
  nextDelay,
  parseRetryAfter,
  RETRY_AFTER_MAX_MS,
  RETRY_AFTER_MIN_MS,
} from "../../../src/shared/backoff.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const YEAR_MS = 365 * 86_400_000;
const almostOne = () => 1 - Number.EPSILON;

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the jitter", () => {
  test("lies between nothing and base × 2^(failures - 1), and never above the cap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), chance, (failures, random) => {
        const ms = fullJitter(failures, () => random);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(
          Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (failures - 1)),
        );
      }),
    );
  });

  test.each([
    [1, 500],
    [2, 1_000],
    [3, 2_000],
    [7, 32_000],
    [8, 60_000],
    [1_000_000_000, 60_000],
  ])("after %i failures fills all of 0 to %i ms", (failures, ceiling) => {
    expect(fullJitter(failures, () => 0)).toBe(0);
    expect(fullJitter(failures, () => 0.5)).toBe(ceiling / 2);
    expect(fullJitter(failures, almostOne)).toBeCloseTo(ceiling, 3);
  });

  test.each([0, -1, -1_000])("takes a count of %i failures for the first", (failures) => {
    expect(fullJitter(failures, () => 0.5)).toBe(BACKOFF_BASE_MS / 2);
  });

  test("takes another base and cap", () => {
    expect(fullJitter(2, () => 0.5, 100, 10_000)).toBe(100);
    expect(fullJitter(20, () => 0.5, 100, 10_000)).toBe(5_000);
  });
});

describe("the next delay", () => {
  test("is the jitter alone where the server asked for nothing", () => {
    expect(nextDelay(3, () => 0.5)).toBe(fullJitter(3, () => 0.5));
    expect(nextDelay(3, () => 0.5, undefined)).toBe(1_000);
  });

  test.each([
    ["0 seconds", 0, 1_000],
    ["a negative time", -5_000, 1_000],
    ["7 seconds", 7_000, 7_000],
    ["10 minutes", 600_000, 600_000],
    ["a year", YEAR_MS, 600_000],
    ["for ever", Infinity, 600_000],
  ])("when the server asks for %s, waits so long at the least", (_, asked, floor) => {
    expect(nextDelay(1, () => 0, asked)).toBe(floor);
  });

  test("comes on top of what the server asked for, so that not all come back at once", () => {
    expect(nextDelay(8, almostOne, 10_000)).toBe(11_000);
    expect(nextDelay(8, () => 0.01, 10_000)).not.toBe(nextDelay(8, () => 0.011, 10_000));
  });

  test("stays within what was asked for and a tenth more, whatever was asked", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        chance,
        fc.double({ noNaN: true }),
        (failures, random, asked) => {
          const ms = nextDelay(failures, () => random, asked);
          const obeyed = Math.min(Math.max(asked, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);
          expect(ms).toBeGreaterThanOrEqual(obeyed);
          expect(ms).toBeLessThanOrEqual(Math.min(obeyed * 1.1, RETRY_AFTER_MAX_MS));
        },
      ),
    );
  });
});

describe("Retry-After", () => {
  test.each([
    ["0", 0],
    ["30", 30_000],
    [" 30 ", 30_000],
    ["31536000", YEAR_MS],
    ["Thu, 01 Jan 2026 12:00:30 GMT", 30_000],
    ["Fri, 01 Jan 2027 12:00:00 GMT", YEAR_MS],
    ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ])("%j is read", (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });

  test.each([
    [null],
    [""],
    ["-5"],
    ["+5"],
    ["1.5"],
    ["1e3"],
    ["0x10"],
    ["Infinity"],
    ["NaN"],
    ["9".repeat(400)],
    ["soon"],
    ["soo, 5"],
    ["2026-01-01T12:00:30Z"],
    ["Thu, 99 Jan 2026 99:00:00 GMT"],
    ["5, 10"],
  ])("%j is passed over", (value) => {
    expect(parseRetryAfter(value, NOW)).toBeUndefined();
  });

  test("never gives anything but a time that lies ahead, whatever the header says", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.date().map(String), fc.double().map(String)),
        (value) => {
          const ms = parseRetryAfter(value, NOW) ?? 0;
          expect(Number.isFinite(ms) && ms >= 0).toBe(true);
        },
      ),
    );
  });
});
