import { expect, test } from "bun:test";
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
