import { expect, test } from "bun:test";
import { Throttle } from "../../../src/shared/throttle.ts";
import { ManualClock } from "../../harness/clock.ts";

const EVERY_MS = 60_000;

test("each key is due once in so long, with the number of those that were kept back", async () => {
  const clock = new ManualClock();
  const throttle = new Throttle(clock, EVERY_MS, 10);
  expect([throttle.due("a"), throttle.due("a"), throttle.due("b")]).toEqual([1, undefined, 1]);
  await clock.advance(EVERY_MS - 1);
  expect(throttle.due("a")).toBeUndefined();
  await clock.advance(1);
  expect([throttle.due("a"), throttle.due("b")]).toEqual([3, 1]);
});

test("of too many keys the one that was told the longest ago is forgotten, and no other", async () => {
  const throttle = new Throttle(new ManualClock(), EVERY_MS, 3);
  for (const key of ["a", "b", "c", "d"]) throttle.due(key);
  expect(["b", "c", "d", "a"].map((key) => throttle.due(key))).toEqual([
    undefined,
    undefined,
    undefined,
    1,
  ]);
});

test("a key that is told again is the newest", async () => {
  const clock = new ManualClock();
  const throttle = new Throttle(clock, EVERY_MS, 2);
  throttle.due("a");
  await clock.advance(1);
  throttle.due("b");
  await clock.advance(EVERY_MS);
  throttle.due("a");
  throttle.due("c");
  expect(throttle.due("a")).toBeUndefined();
});
