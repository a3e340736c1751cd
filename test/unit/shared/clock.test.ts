import { afterEach, describe, expect, jest, test } from "bun:test";
import { getEventListeners } from "node:events";
import { LATE, STOPPED, systemClock, within } from "../../../src/shared/clock.ts";
import { ManualClock } from "../../harness/clock.ts";

afterEach(() => {
  jest.useRealTimers();
});

describe("a sleep", () => {
  test("ends when its time is up, and leaves nothing on the signal", async () => {
    const { signal } = new AbortController();
    await systemClock.sleep(1, signal);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("ends as soon as its signal aborts, without an error, and leaves no timer behind", async () => {
    jest.useFakeTimers();
    const stop = new AbortController();
    const asleep = systemClock.sleep(3_600_000, stop.signal);
    expect(jest.getTimerCount()).toBe(1);
    stop.abort(new Error("the reason"));
    expect(await asleep).toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });

  test("does not begin once its signal has aborted", async () => {
    jest.useFakeTimers();
    await systemClock.sleep(3_600_000, AbortSignal.abort());
    expect(jest.getTimerCount()).toBe(0);
  });

  test("without a signal lasts for all of its time", async () => {
    jest.useFakeTimers();
    const asleep = systemClock.sleep(1_000);
    jest.advanceTimersByTime(999);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1);
    expect(jest.getTimerCount()).toBe(0);
    await asleep;
  });

  test.each([2 ** 31, 2 ** 32 + 1, 2 ** 53, Infinity])(
    "of %d ms, more than a timer can count, does not end at once",
    async (ms) => {
      const stop = new AbortController();
      const long = systemClock.sleep(ms, stop.signal).then(() => "long");
      const short = systemClock.sleep(20).then(() => "short");
      expect(await Promise.race([long, short])).toBe("short");
      stop.abort();
      await long;
    },
  );

  test.each([0, -1, -Infinity])("of %d ms ends at once", async (ms) => {
    const asleep = systemClock.sleep(ms).then(() => "asleep");
    const longer = systemClock.sleep(60_000, AbortSignal.timeout(20_000)).then(() => "longer");
    expect(await Promise.race([asleep, longer])).toBe("asleep");
  });
});

describe("a promise with a time limit", () => {
  test("that ends in time gives its value, and its timer goes away", async () => {
    const clock = new ManualClock();
    expect(await within(clock, 1_000, Promise.resolve("value"))).toBe("value");
    expect(clock.pending).toEqual([]);
  });

  test("that fails in time fails, and its timer goes away", async () => {
    const clock = new ManualClock();
    const failing = within(clock, 1_000, Promise.reject(new Error("no")));
    expect(await failing.catch((error: Error) => error.message)).toBe("no");
    expect(clock.pending).toEqual([]);
  });

  test("that takes longer gives LATE at the limit and not before, and goes on", async () => {
    const clock = new ManualClock();
    const slow = Promise.withResolvers<string>();
    const ends: unknown[] = [];
    const limited = within(clock, 1_000, slow.promise).then((end) => ends.push(end));
    await clock.advance(999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    await limited;
    expect(ends).toEqual([LATE]);
    slow.resolve("value");
    expect(await slow.promise).toBe("value");
  });

  test("that takes longer gives STOPPED as soon as the signal aborts, and leaves nothing on it", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const slow = Promise.withResolvers<string>();
    const limited = within(clock, 1_000, slow.promise, stop.signal);
    await clock.advance(999);
    stop.abort();
    expect(await limited).toBe(STOPPED);
    expect(clock.pending).toEqual([]);
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
    slow.resolve("value");
    expect(await slow.promise).toBe("value");
  });

  test("gives STOPPED where the signal has aborted before, unless its end has come, too", async () => {
    const clock = new ManualClock();
    const stopped = AbortSignal.abort();
    expect(await within(clock, 1_000, new Promise(() => {}), stopped)).toBe(STOPPED);
    expect(await within(clock, 1_000, Promise.resolve("value"), stopped)).toBe("value");
    expect(clock.pending).toEqual([]);
  });

  test("with a signal that does not abort gives its value, or LATE, and leaves nothing on it", async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    expect(await within(clock, 1_000, Promise.resolve("value"), signal)).toBe("value");
    const late = within(clock, 1_000, new Promise(() => {}), signal);
    await clock.advance(1_000);
    expect(await late).toBe(LATE);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("leaves no timer of the system behind", async () => {
    jest.useFakeTimers();
    await within(systemClock, 3_600_000, Promise.resolve());
    expect(jest.getTimerCount()).toBe(0);
  });
});

test("the running time does not go back, and the wall time is that of the machine", () => {
  const first = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
  const before = Date.now();
  const now = systemClock.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});
