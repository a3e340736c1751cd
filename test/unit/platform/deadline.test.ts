import { afterEach, expect, jest, test } from "bun:test";
import { getEventListeners } from "node:events";
import { Deadline } from "../../../src/platform/deadline.ts";

afterEach(() => {
  jest.useRealTimers();
});

test("a deadline aborts when its time is up, and says that this was why", () => {
  jest.useFakeTimers();
  const deadline = new Deadline(1_000, undefined);
  jest.advanceTimersByTime(999);
  expect(deadline.signal.aborted).toBe(false);
  jest.advanceTimersByTime(1);
  expect(deadline.signal.aborted).toBe(true);
  expect(deadline.expired?.name).toBe("TimeoutError");
});

test("a deadline aborts with the caller's signal, before or after it was made, and is not expired", () => {
  jest.useFakeTimers();
  const stop = new AbortController();
  const deadline = new Deadline(1_000, stop.signal);
  stop.abort();
  for (const aborted of [deadline, new Deadline(1_000, stop.signal)]) {
    expect(aborted.signal.aborted).toBe(true);
    expect(aborted.expired).toBeUndefined();
  }
});

test("a deadline that is cleared leaves no timer and no listener, and never comes", () => {
  jest.useFakeTimers();
  const stop = new AbortController();
  const deadline = new Deadline(1_000, stop.signal);
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
  deadline.clear();
  expect(jest.getTimerCount()).toBe(0);
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  jest.advanceTimersByTime(2_000);
  stop.abort();
  expect(deadline.signal.aborted).toBe(false);
});

test("a deadline that is paused does not come, and has its whole time again from the restart", () => {
  jest.useFakeTimers();
  const deadline = new Deadline(1_000, undefined);
  jest.advanceTimersByTime(900);
  deadline.pause();
  jest.advanceTimersByTime(5_000);
  deadline.restart();
  jest.advanceTimersByTime(999);
  expect(deadline.signal.aborted).toBe(false);
  deadline.restart();
  jest.advanceTimersByTime(999);
  expect(deadline.signal.aborted).toBe(false);
  jest.advanceTimersByTime(1);
  expect(deadline.expired?.name).toBe("TimeoutError");
  expect(jest.getTimerCount()).toBe(0);
});
