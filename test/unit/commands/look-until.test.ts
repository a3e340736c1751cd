import { expect, test } from "bun:test";
import { lookUntil } from "../../../src/commands/answers/look-until.ts";
import { PlatformError } from "../../../src/platform/platform.ts";
import { systemClock } from "../../../src/shared/clock.ts";

/** A clock whose time passes only in sleeps, and a log that keeps its warnings. */
function bench(timeoutMs = 10_000) {
  const slept: number[] = [];
  const warned: string[] = [];
  let now = 0;
  const clock = {
    ...systemClock,
    monotonic: () => now,
    sleep: async (ms: number) => {
      slept.push(ms);
      now += Math.max(ms, 1);
    },
  };
  const silent = () => {};
  const log = { error: silent, info: silent, debug: silent, warn: (m: string) => warned.push(m) };
  return { slept, warned, looking: { timeoutMs, pauseMs: 1_000, log, clock } };
}

const transient = (retryAfterMs?: number) =>
  new PlatformError("down", { verdict: "transient", retryAfterMs });

test("it looks until there is something", async () => {
  const { looking, slept } = bench();
  let looks = 0;
  expect(await lookUntil(looking, async () => (++looks === 3 ? "found" : undefined))).toBe("found");
  expect(slept).toEqual([1_000, 1_000]);
});

test("it gives up when the time is up, and not before", async () => {
  const { looking, slept } = bench(2_500);
  expect(await lookUntil(looking, async () => undefined)).toBeUndefined();
  expect(slept).toEqual([1_000, 1_000, 500]);
});

test("an outage is told once, and waited out as the platform asks", async () => {
  const { looking, slept, warned } = bench(60_000);
  let looks = 0;
  const found = await lookUntil(looking, async () => {
    if (++looks < 4) throw transient(5_000);
    return "found";
  });
  expect(found).toBe("found");
  expect(warned).toEqual(["down; trying again"]);
  for (const ms of slept) expect(ms).toBeGreaterThanOrEqual(5_000);
});

test("a failure that does not pass is thrown at once", async () => {
  const { looking, slept } = bench();
  const refused = new PlatformError("no", { verdict: "unauthorized" });
  const end = lookUntil(looking, async () => {
    throw refused;
  });
  expect(await end.catch((error: unknown) => error)).toBe(refused);
  expect(slept).toEqual([]);
});

test("a look that has no end is left when the time is up, and told to stop", async () => {
  let told: AbortSignal | undefined;
  const { looking } = bench(50);
  const found = await lookUntil(looking, (signal) => {
    told = signal;
    return new Promise<never>(() => {});
  });
  expect(found).toBeUndefined();
  expect(told?.aborted).toBe(true);
});
