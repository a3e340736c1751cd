import { expect, test } from "bun:test";
import fc from "fast-check";
import { inStep, Tick, tickOf } from "../../../src/shared/tick.ts";
import { ManualClock } from "../../harness/clock.ts";

test("a wait in step ends at a whole second, within what was asked for", () => {
  const [at, wait] = [fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 1_000 })];
  const whole = (now: number, ms: number) => {
    const waited = inStep({ monotonic: () => now }, ms);
    expect(waited).toBeGreaterThan(0);
    // The timer counts whole milliseconds, and must not end too early.
    expect(waited).toBeLessThan(ms + 1);
    expect(waited).toBeGreaterThanOrEqual(ms - 1_000);
    expect((now + waited) % 1_000).toBeLessThan(1.001);
  };
  fc.assert(fc.property(at, wait, whole));
});

test("one with no whole second in it is as long as it was", () => {
  expect(inStep({ monotonic: () => 5_100 }, 500)).toBe(500);
  expect(inStep({ monotonic: () => 5_100 }, 900)).toBe(900);
});

test("all who listen are told at the same moments, by one timer", async () => {
  const clock = new ManualClock();
  const tick = new Tick(clock);
  const told: string[] = [];
  const leave = tick.listen(() => told.push(`a ${clock.monotonic()}`));
  await clock.advance(300);
  tick.listen(() => told.push(`b ${clock.monotonic()}`));
  expect(clock.pending).toEqual([700]);
  await clock.advance(1_700);
  expect(told).toEqual(["a 1000", "b 1000", "a 2000", "b 2000"]);
  leave();
  await clock.advance(1_000);
  expect(told.slice(4)).toEqual(["b 3000"]);
});

test("where nobody listens any more there is no timer, and who comes then has a new one", async () => {
  const clock = new ManualClock();
  const tick = new Tick(clock);
  let told = 0;
  const listen = () => tick.listen(() => (told += 1));
  listen()();
  expect(clock.pending).toEqual([]);
  const leave = listen();
  await clock.advance(2_000);
  expect(told).toBe(2);
  leave();
  expect(clock.pending).toEqual([]);
  listen();
  await clock.advance(1_000);
  expect(told).toBe(3);
});

test("one who leaves while he is told is told no more", async () => {
  const clock = new ManualClock();
  const tick = new Tick(clock);
  let told = 0;
  const leave = tick.listen(() => {
    told += 1;
    leave();
  });
  await clock.advance(3_000);
  expect(told).toBe(1);
  expect(clock.pending).toEqual([]);
});

test("who goes by the same clock shares one", () => {
  const clock = new ManualClock();
  expect(tickOf(clock)).toBe(tickOf(clock));
  expect(tickOf(new ManualClock())).not.toBe(tickOf(clock));
});
