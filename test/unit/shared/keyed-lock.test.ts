import { describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { KeyedLock } from "../../../src/shared/keyed-lock.ts";

test("work under one key is done one at a time, in the order in which it was asked for", async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const works = gates.map((gate, n) =>
    lock.run("key", async () => {
      log.push(`begin ${n}`);
      await gate.promise;
      log.push(`end ${n}`);
      return n;
    }),
  );
  // The last may end first, and waits all the same.
  for (const gate of gates.toReversed()) gate.resolve();
  expect(await Promise.all(works)).toEqual([0, 1, 2]);
  expect(log).toEqual(["begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2"]);
});

test("work under another key does not wait", async () => {
  const lock = new KeyedLock();
  const gate = Promise.withResolvers<void>();
  const held = lock.run("one", () => gate.promise);
  expect(await lock.run("two", async () => "done")).toBe("done");
  gate.resolve();
  await held;
});

test("work that fails hands its failure on, and the key to the next", async () => {
  const lock = new KeyedLock();
  const failing = lock.run("key", async () => {
    throw new Error("no");
  });
  const next = lock.run("key", async () => "done");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("done");
});

describe("work that may be given up", () => {
  const stopping = () => {
    const stop = new AbortController();
    return { stop, giveUp: { signal: stop.signal, value: "stopped" } };
  };

  test("before its turn is not done, and its end does not wait for those ahead", async () => {
    const lock = new KeyedLock();
    const gate = Promise.withResolvers<void>();
    const { stop, giveUp } = stopping();
    const held = lock.run("key", () => gate.promise);
    let begun = false;
    const work = async () => {
      begun = true;
      return "done";
    };
    const waiting = lock.run("key", work, giveUp);
    stop.abort();
    expect(await waiting).toBe("stopped");
    gate.resolve();
    await held;
    await lock.run("key", async () => {});
    expect(begun).toBe(false);
  });

  test("does not let those behind it past those ahead", async () => {
    const lock = new KeyedLock();
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { stop, giveUp } = stopping();
    const held = lock.run("key", () => gate.promise.then(() => void log.push("ahead")));
    const waiting = lock.run("key", async () => "done", giveUp);
    const behind = lock.run("key", async () => void log.push("behind"));
    stop.abort();
    await waiting;
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
    gate.resolve();
    await Promise.all([held, behind]);
    expect(log).toEqual(["ahead", "behind"]);
  });

  test("is not done where that was said before, though nothing is ahead of it", async () => {
    const { stop, giveUp } = stopping();
    stop.abort();
    const lock = new KeyedLock();
    expect(await lock.run("key", async () => "done", giveUp)).toBe("stopped");
    expect(await lock.run("key", async () => "next")).toBe("next");
  });

  test("is done to its end once it has begun, and leaves nothing on the signal", async () => {
    const lock = new KeyedLock();
    const { stop, giveUp } = stopping();
    const work = async () => {
      expect(getEventListeners(stop.signal, "abort")).toEqual([]);
      stop.abort();
      await new Promise((resolve) => setImmediate(resolve));
      return "done";
    };
    expect(await lock.run("key", work, giveUp)).toBe("done");
  });
});
