/** What is remembered, and how much of it. */
import { expect } from "bun:test";
import { ManualClock } from "../../harness/clock.ts";
import { contract, type Home } from "./contract.ts";

const NO_LIMIT = { entries: Infinity, bytes: Infinity, ageMs: Infinity };

async function filled(home: Home, count: number) {
  const clock = new ManualClock();
  const store = await home.open({ clock });
  const { memory } = store;
  await Promise.all(
    ["a/", "b/"].flatMap((prefix) =>
      Array.from({ length: count }, (_, n) => {
        clock.suspend(1_000);
        return memory.remember(`${prefix}${n}`, "ä".repeat(50));
      }),
    ),
  );
  const kept = async (prefix: string) => {
    const all = await Promise.all(
      Array.from({ length: count }, async (_, n) => [n, await memory.recall(`${prefix}${n}`)]),
    );
    return all.flatMap(([n, value]) => (value === undefined ? [] : [n]));
  };
  return { clock, store, memory, kept };
}

contract("the oldest under a prefix are forgotten beyond a number, and no others", async (home) => {
  const { store, memory, kept, clock } = await filled(home, 10);
  await using _ = store;
  await memory.trim("a/", NO_LIMIT);
  expect(await kept("a/")).toHaveLength(10);
  // Remembered again, it is the newest.
  clock.suspend(1_000);
  await memory.remember("a/0", "again");
  await memory.trim("a/", { ...NO_LIMIT, entries: 4 });
  expect(await kept("a/")).toEqual([0, 7, 8, 9]);
  expect(await kept("b/")).toHaveLength(10);
});

contract("beyond a size in bytes, or an age", async (home) => {
  const { store, memory, kept, clock } = await filled(home, 10);
  await using _ = store;
  await memory.trim("a/", { ...NO_LIMIT, bytes: 350 });
  expect(await kept("a/")).toEqual([7, 8, 9]);
  // The last was remembered now, those before it each a second earlier.
  await memory.trim("b/", { ...NO_LIMIT, ageMs: 4_000 });
  expect(await kept("b/")).toEqual([5, 6, 7, 8, 9]);
  clock.suspend(3_600_000);
  await memory.trim("b/", { ...NO_LIMIT, ageMs: 3_599_999 });
  expect(await kept("b/")).toEqual([]);
});

contract("also where there are many more than one step forgets", async (home) => {
  const { store, memory, kept } = await filled(home, 1_000);
  await using _ = store;
  await memory.trim("a/", { ...NO_LIMIT, entries: 10 });
  expect(await kept("a/")).toHaveLength(10);
  await memory.trim("a/", { ...NO_LIMIT, entries: 0 });
  expect(await kept("a/")).toEqual([]);
});
