import { expect, test } from "bun:test";
import { Naps } from "../../../src/bridge/naps.ts";
import { Bell } from "../../../src/shared/bell.ts";
import { ManualClock } from "../../harness/clock.ts";

const NEVER = new AbortController().signal;

function napping() {
  const clock = new ManualClock();
  return { clock, naps: new Naps(clock), bell: new Bell() };
}

test("a nap ends with its time, and says that no bell ended it", async () => {
  const { clock, naps, bell } = napping();
  const nap = naps.napUntil(bell, 1_000, NEVER);
  await clock.advance(1_000);
  expect(await nap).toBe(false);
});

test("a nap ends when its bell rings, and says so", async () => {
  const { clock, naps, bell } = napping();
  const nap = naps.napUntil(bell, 1_000, NEVER);
  bell.ring();
  expect(await nap).toBe(true);
  expect(clock.pending).toEqual([]);
});

test("a nap that is cut short was not ended by its bell", async () => {
  const { naps, bell } = napping();
  const stop = new AbortController();
  const first = naps.napUntil(bell, 1_000, stop.signal);
  stop.abort();
  expect(await first).toBe(false);
  expect(await naps.napUntil(bell, 1_000, stop.signal)).toBe(false);
  const second = naps.napUntil(bell, 1_000, NEVER);
  naps.wakeAll();
  expect(await second).toBe(false);
});
