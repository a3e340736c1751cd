import { expect, test } from "bun:test";
import { mapBounded } from "../../../src/shared/bounded.ts";

test("results come in the order of the items, whichever is done first", async () => {
  const gates = [1, 2, 3].map(() => Promise.withResolvers<void>());
  const all = mapBounded([0, 1, 2], 3, async (n) => {
    await gates[n]?.promise;
    return `item ${n}`;
  });
  for (const { resolve } of gates.toReversed()) resolve();
  expect(await all).toEqual(["item 0", "item 1", "item 2"]);
});

test("no more than the limit are under way at once", async () => {
  let open = 0;
  let most = 0;
  await mapBounded(Array(10).fill(0), 3, async () => {
    most = Math.max(most, ++open);
    await Promise.resolve();
    open -= 1;
  });
  expect(most).toBe(3);
});

test("a failure is thrown, and nothing begins after it", async () => {
  const begun: number[] = [];
  const all = mapBounded([0, 1, 2, 3], 2, async (n) => {
    begun.push(n);
    if (n === 0) throw new Error("no");
    await Promise.resolve();
    await Promise.resolve();
  });
  expect(await all.catch((error: Error) => error.message)).toBe("no");
  await Promise.resolve();
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
});

test("no items are no work", async () => {
  expect(await mapBounded([], 4, async () => 1)).toEqual([]);
});
