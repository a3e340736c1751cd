/** Asking a store that may be slow, broken, or hang. */
import { expect, test } from "bun:test";
import { StoreGauge } from "../../../src/observe/store-gauge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { COUNTS } from "./support.ts";

test("many who ask at once cost one question", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const gauge = new StoreGauge(clock, async () => {
    asked += 1;
    return COUNTS;
  });
  expect(await Promise.all([gauge.read(), gauge.read()])).toEqual([COUNTS, COUNTS]);
  expect(await gauge.read()).toEqual(COUNTS);
  expect(asked).toBe(1);
  await clock.advance(500);
  await gauge.read();
  expect(asked).toBe(2);
});

test("one that fails, at once or later, gives nothing and is asked again", async () => {
  const clock = new ManualClock();
  const failures = [
    () => {
      throw new Error("not open");
    },
    () => Promise.reject(new Error("damaged")),
    () => Promise.resolve(COUNTS),
  ];
  const gauge = new StoreGauge(clock, () => failures.shift()?.() ?? Promise.resolve(COUNTS));
  for (const expected of [undefined, undefined, COUNTS]) {
    expect(await gauge.read()).toEqual(expected as typeof COUNTS);
    await clock.advance(500);
  }
});

test("one that hangs is waited for half a second, and is not asked on and on", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const hanging = Promise.withResolvers<typeof COUNTS>();
  const gauge = new StoreGauge(clock, () => {
    asked += 1;
    return hanging.promise;
  });
  for (let i = 0; i < 3; i++) {
    const read = gauge.read();
    await clock.untilSleeping();
    await clock.advance(500);
    expect(await read).toBeUndefined();
  }
  expect(asked).toBe(1);
  hanging.resolve(COUNTS);
  expect(await gauge.read()).toEqual(COUNTS);
});
