import { describe, expect, test } from "bun:test";
import { Abortions } from "../../../src/shared/abortions.ts";
import { Bell } from "../../../src/shared/bell.ts";
import { Slots } from "../../../src/bridge/runs/slots.ts";
import { Naps } from "../../../src/bridge/naps.ts";
import { ManualClock } from "../../harness/clock.ts";

/** A controller that counts the listeners on its signal. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  const counts = { added: 0, removed: 0 };
  const [add, remove] = [
    signal.addEventListener.bind(signal),
    signal.removeEventListener.bind(signal),
  ];
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    counts.added += 1;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    counts.removed += 1;
    remove(...given);
  };
  return { controller, signal, counts };
}

const MANY = 20_000;

describe("listeners on a signal", () => {
  test("are one on the signal, however many wait, and none once all are gone", () => {
    const { controller, signal, counts } = counted();
    const abortions = new Abortions();
    let called = 0;
    const listeners = Array.from({ length: MANY }, () => () => void (called += 1));
    for (const listener of listeners) abortions.add(signal, listener);
    expect(counts).toEqual({ added: 1, removed: 0 });
    for (const listener of listeners) abortions.remove(signal, listener);
    expect(counts).toEqual({ added: 1, removed: 1 });
    controller.abort();
    expect(called).toBe(0);
  });

  test("are each called once, and those that were removed are not", () => {
    const { controller, signal } = counted();
    const abortions = new Abortions();
    const called: string[] = [];
    const listeners = ["a", "b", "c"].map((name) => () => void called.push(name));
    for (const listener of listeners) abortions.add(signal, listener);
    abortions.remove(signal, listeners[1] ?? (() => {}));
    controller.abort();
    controller.abort();
    expect(called).toEqual(["a", "c"]);
  });

  test("are called at once where the signal has aborted, and leave nothing on it", () => {
    const { controller, signal, counts } = counted();
    controller.abort();
    let called = 0;
    new Abortions().add(signal, () => void (called += 1));
    expect([called, counts.added]).toEqual([1, 0]);
  });

  test("may remove each other, and may be added again after all were removed", () => {
    const { controller, signal, counts } = counted();
    const abortions = new Abortions();
    const called: string[] = [];
    const second = () => void called.push("second");
    const first = () => {
      called.push("first");
      abortions.remove(signal, second);
    };
    abortions.add(signal, first);
    abortions.remove(signal, first);
    abortions.add(signal, first);
    abortions.add(signal, second);
    expect(counts).toEqual({ added: 2, removed: 1 });
    controller.abort();
    expect(called[0]).toBe("first");
  });

  test("of one signal say nothing of another's", () => {
    const [one, two] = [counted(), counted()];
    const abortions = new Abortions();
    const called: string[] = [];
    abortions.add(one.signal, () => void called.push("one"));
    abortions.add(two.signal, () => void called.push("two"));
    two.controller.abort();
    expect(called).toEqual(["two"]);
  });
});

describe("many that wait on one signal share a listener", () => {
  const clock = new ManualClock();
  test.each<[string, () => { wait(signal: AbortSignal): Promise<unknown> }]>([
    ["for a bell", () => new Bell()],
    [
      "for a slot",
      () => {
        const slots = new Slots(0);
        return { wait: (signal) => slots.take(signal) };
      },
    ],
    [
      "for the end of a nap",
      () => {
        const naps = new Naps(clock);
        return { wait: (signal) => naps.nap(1e9, signal) };
      },
    ],
  ])("%s", async (_, make) => {
    const { controller, signal, counts } = counted();
    const waiter = make();
    const waiting = Array.from({ length: 2_000 }, () => waiter.wait(signal));
    expect(counts.added).toBe(1);
    controller.abort();
    await Promise.all(waiting);
    expect(counts.added).toBe(1);
  });
});
