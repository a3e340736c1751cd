import { describe, expect, test } from "bun:test";
import type { LookReason } from "../../../../src/bridge/events.ts";
import { Rhythm } from "../../../../src/bridge/feed/rhythm.ts";
import { ManualClock } from "../../../harness/clock.ts";

const INTERVAL_MS = 1_000;

function rhythmOf({ intervalMs = INTERVAL_MS, idleMs = 0, random = 0.5 } = {}) {
  const clock = new ManualClock();
  const wake = { isRelaxed: false };
  const told: object[] = [];
  const pace = { idleMs, beatMs: (ms: number) => ms };
  const parts = { clock, random: () => random, emit: (e: object) => void told.push(e), pace, wake };
  const rhythm = new Rhythm(parts, intervalMs);
  const after = (why: LookReason, found = 0, change = {}) =>
    rhythm.after({ why, found, left: false, lost: false, ...change });
  return { clock, wake, told, rhythm, after };
}

describe("without an event stream", () => {
  test("looks are an interval apart while a conversation goes on, then grow rarer", async () => {
    const { clock, after } = rhythmOf();
    const pauses: number[] = [];
    for (let n = 0; n < 75; n++) {
      const { ms } = after("time");
      pauses.push(ms);
      await clock.advance(ms);
    }
    expect(pauses.slice(0, 60).every((ms) => ms === INTERVAL_MS)).toBe(true);
    expect(pauses.slice(62, 65).every((ms, n, all) => n === 0 || ms > (all[n - 1] ?? 0))).toBe(
      true,
    );
    expect(pauses.slice(-5)).toEqual([5_000, 5_000, 5_000, 5_000, 5_000]);
  });

  test("the first message brings them back", async () => {
    const { clock, after } = rhythmOf();
    await clock.advance(100_000);
    for (let n = 0; n < 10; n++) after("time");
    expect(after("time").ms).toBe(5_000);
    expect(after("time", 1)).toEqual({ ms: 250, why: "busy" });
    expect(after("busy")).toEqual({ ms: INTERVAL_MS, why: "time" });
  });

  test("an operator's longer interval is kept", async () => {
    const { clock, after } = rhythmOf({ intervalMs: 60_000 });
    await clock.advance(1_000_000);
    for (let n = 0; n < 10; n++) expect(after("time").ms).toBe(60_000);
  });

  test("and so is a shorter one", async () => {
    const { clock, after } = rhythmOf({ intervalMs: 200 });
    await clock.advance(1_000_000);
    for (let n = 0; n < 10; n++) expect(after("time").ms).toBe(200);
  });

  test("what was found is followed soon, but not sooner than the interval", () => {
    expect(rhythmOf({ intervalMs: 20 }).after("time", 3).ms).toBe(20);
    expect(rhythmOf().after("time", 0, { left: true }).ms).toBe(250);
    expect(rhythmOf().after("time", 3, { lost: true }).ms).toBe(INTERVAL_MS);
  });
});

describe("with one that can be relied on", () => {
  test("looks are 15 s apart, also after a message", () => {
    const { wake, after } = rhythmOf();
    wake.isRelaxed = true;
    expect(after("time")).toEqual({ ms: 15_000, why: "time" });
    expect(after("time", 1)).toEqual({ ms: 15_000, why: "time" });
  });

  test("those of many bridges part company", () => {
    const pauses = [0, 0.5, 0.999].map((random) => {
      const { wake, after } = rhythmOf({ random });
      wake.isRelaxed = true;
      return after("time").ms;
    });
    expect(pauses).toEqual([13_000, 15_000, 16_000]);
  });

  test("those of the bridges of one process come together", async () => {
    const ends: number[] = [];
    for (const random of [0.1, 0.5, 0.9]) {
      const { clock, wake, after } = rhythmOf({ random });
      wake.isRelaxed = true;
      await clock.advance(1_234 + 100 * random);
      ends.push(clock.monotonic() + after("time").ms);
    }
    expect(ends.every((end) => end % 1_000 < 1)).toBe(true);
    expect(new Set(ends.map(Math.trunc)).size).toBe(3);
  });

  test.each([0, 1])("after an event that found %d the feed is looked at twice more", (found) => {
    const { wake, after } = rhythmOf({ intervalMs: 5_000 });
    wake.isRelaxed = true;
    expect(after("event", found)).toEqual({ ms: 250, why: "busy" });
    expect(after("busy", found)).toEqual({ ms: 2_000, why: "busy" });
    expect(after("busy").ms).toBe(15_000);
  });

  test("events for nothing are heeded ever more slowly, until one was true", () => {
    const { rhythm, after } = rhythmOf();
    const pauses = Array.from({ length: 12 }, () => (after("event"), rhythm.alarmMs));
    expect(pauses.slice(0, 4)).toEqual([0, 10, 20, 40]);
    expect(pauses.at(-1)).toBe(INTERVAL_MS);
    after("event", 1);
    expect(rhythm.alarmMs).toBe(0);
  });
});

test("where many share a limit, looks are as rare as it asks for, and that is told once", () => {
  const { told, after } = rhythmOf({ idleMs: 90_000 });
  expect(after("time").ms).toBe(90_000);
  after("time");
  expect(told).toEqual([{ type: "rate-shared", idleMs: 90_000 }]);
});
