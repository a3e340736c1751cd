import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import type { NewRow, Store } from "../../../src/store/store.ts";
import { ManualClock } from "../../harness/clock.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { contract, type Home } from "./contract.ts";
import { answerTo, asking, at, openStore, passing, pending } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

const known = async (store: Store, rows: NewRow[]) => [
  ...(await store.journal.known(rows.map(({ id }) => id))),
];

contract(
  "rows of more than 30 days go, but not the watermark, what lies above it, or a dead letter's",
  async (home) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock });
    const old = [passing(1), asking(2), asking(3), passing(4), asking(5), passing(6)];
    await store.journal.admit(old, undefined);
    await store.journal.settle("m2");
    await store.journal.bury("m3", "why");
    clock.suspend(30 * DAY_MS);
    await store.prune();
    expect(await known(store, old)).toHaveLength(6);
    clock.suspend(1);
    await store.prune();
    expect(await known(store, old)).toEqual(["m3", "s4", "m5", "s6"]);
    expect(await store.journal.watermark()).toEqual({ id: "s4", at: at(4) });
    await store.journal.settle("m5");
    await store.journal.admit([passing(7)], undefined);
    await store.prune();
    expect(await known(store, [...old, passing(7)])).toEqual(["m3", "s7"]);
    await store.deadLetters.drop("m3");
    await store.prune();
    expect(await known(store, [...old, passing(7)])).toEqual(["s7"]);
  },
);

contract(
  "young rows go where there are too many, the oldest first, and never above the watermark",
  async (home) => {
    await using store = await home.open({ maxSeen: 1_000 });
    const rows = Array.from({ length: 2_500 }, (_, n) => passing(n));
    await store.journal.admit(rows, undefined);
    await store.prune();
    expect(await known(store, rows)).toEqual(rows.slice(1_500).map(({ id }) => id));
    await store.journal.admit([asking(1)], undefined);
    await store.journal.admit([passing(5_000)], undefined);
    await store.prune();
    // All that is left lies above the late one.
    expect(await known(store, rows)).toHaveLength(1_000);
  },
);

contract("ids that senders gave go after a week, runs after an hour", async (home) => {
  const clock = new ManualClock();
  await using store = await home.open({ clock });
  const start = clock.now();
  const again = (second: number) => asking(second, "peer", { ids: ["sent"], digest: "d" });
  await store.journal.admit([again(1), again(2)], undefined);
  await store.journal.begin("m1", true);
  clock.suspend(60 * 60 * 1000);
  await store.prune();
  expect(await store.journal.runsSince("peer", start)).toEqual([start]);
  clock.suspend(1);
  await store.prune();
  expect(await store.journal.runsSince("peer", start)).toEqual([]);
  expect(await store.journal.admit([again(3)], undefined)).toEqual([{ kind: "repeat", of: "m1" }]);
});

contract(
  "a posted notice goes with its echo, and one that has none after 30 days",
  async (home) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock });
    for (const [second, digest] of [
      [1, "d"],
      [2, "d"],
      [3, "e"],
    ] as const) {
      await store.journal.admit([asking(second, "")], undefined);
      await store.outbox.keep(answerTo(`m${second}`, { lane: "", digest }));
      await store.outbox.posted(await pending(store, ""), at(second));
    }
    await store.journal.admit([passing(4, "d")], undefined);
    clock.suspend(20 * DAY_MS);
    await store.journal.admit([passing(5, "d"), passing(6)], undefined);
    clock.suspend(10 * DAY_MS + 1);
    await store.prune();
    expect(await store.outbox.notices("d", at(0))).toEqual({ posted: 1, echoes: 1 });
    expect(await store.outbox.notices("e", at(0))).toEqual({ posted: 0, echoes: 0 });
  },
);

contract(
  "what is remembered goes 30 days after it was remembered last, however often it was recalled",
  async (home) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock });
    await store.memory.remember("once", "v");
    await store.memory.remember("again", "v");
    clock.suspend(20 * DAY_MS);
    await store.memory.remember("again", "v");
    clock.suspend(10 * DAY_MS);
    await store.prune();
    expect(await store.memory.recall("once")).toBe("v");
    clock.suspend(1);
    await store.prune();
    expect(await store.memory.recall("once")).toBeUndefined();
    expect(await store.memory.recall("again")).toBe("v");
    clock.suspend(20 * DAY_MS);
    await store.prune();
    expect(await store.memory.recall("again")).toBeUndefined();
  },
);

test("after a flood the file is small again", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, `${WORKSPACE}.db`);
  const store = await openStore(folder.path);
  const raw = "x".repeat(100_000);
  const rows = Array.from({ length: 100 }, (_, n) => asking(n, "peer", { raw }));
  await store.journal.admit(rows, undefined);
  for (const { id } of rows) await store.journal.settle(id);
  await store.prune();
  await store.close();
  expect(statSync(path).size).toBeLessThan(2_000_000);
});

contract("what comes after the anchor stays, since reading begins there", async (home) => {
  const clock = new ManualClock();
  await using store = await home.open({ clock });
  const rows = [1, 2, 3, 4, 5, 6].map((n) => passing(n));
  await store.journal.admit(rows, { id: "s3", at: at(3) });
  expect(await store.journal.watermark()).toEqual({ id: "s6", at: at(6) });
  clock.suspend(31 * DAY_MS);
  await store.prune();
  expect(await known(store, rows)).toEqual(["s3", "s4", "s5", "s6"]);
  await store.journal.admit([], { id: "s5", at: at(5) });
  await store.prune();
  expect(await known(store, rows)).toEqual(["s5", "s6"]);
});

contract("of young rows that are too many, too, those after the anchor stay", async (home) => {
  await using store = await home.open({ maxSeen: 10 });
  const rows = Array.from({ length: 100 }, (_, n) => passing(n));
  await store.journal.admit(rows, { id: "s60", at: at(60) });
  await store.prune();
  expect(await known(store, rows)).toEqual(rows.slice(60).map(({ id }) => id));
});

contract(
  "ids that senders gave are forgotten where there are too many, the oldest first",
  async (home) => {
    await using store = await home.open({ maxSeen: 1_000 });
    const sent = (second: number, n: number) =>
      asking(second, "peer", { ids: [`sent-${n}`], digest: "d" });
    const rows = Array.from({ length: 2_500 }, (_, n) => sent(n, n));
    await store.journal.admit(rows, undefined);
    await store.prune();
    const again = [sent(3_001, 2_499), sent(3_002, 1_500), sent(3_003, 1_499), sent(3_004, 0)];
    const admitted = await store.journal.admit(again, undefined);
    expect(admitted.map(({ kind }) => kind)).toEqual(["repeat", "repeat", "entered", "entered"]);
  },
);

describe("what backends remember is bounded in all, and the oldest goes first", () => {
  const spared = ["spend/2026-01-01", "upload/f1", "push/answer/a1"];

  const remembering = async (
    home: Home,
    maxMemory: { entries: number; bytes: number },
    act: (store: Store, keys: () => Promise<string[]>) => Promise<void>,
  ) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock, maxMemory });
    const all = [...spared, ...Array.from({ length: 1_200 }, (_, n) => `openai/c${n}`)];
    for (const key of spared) await store.memory.remember(key, "x".repeat(10_000));
    await Promise.all(all.slice(3).map((key) => store.memory.remember(key, "x".repeat(100))));
    clock.suspend(1);
    await store.memory.remember("openai/c0", "again");
    const keys = async () => {
      const values = await Promise.all(all.map((key) => store.memory.recall(key)));
      return all.filter((_, index) => values[index] !== undefined);
    };
    await act(store, keys);
  };

  contract("by their number", async (home) => {
    await remembering(home, { entries: 3, bytes: 1e9 }, async (store, keys) => {
      await store.prune();
      expect(await keys()).toEqual([...spared, "openai/c0", "openai/c1198", "openai/c1199"]);
    });
  });

  contract("by their size", async (home) => {
    await remembering(home, { entries: 1e9, bytes: 250 }, async (store, keys) => {
      await store.prune();
      expect(await keys()).toEqual([...spared, "openai/c0", "openai/c1198", "openai/c1199"]);
    });
  });

  contract("and stays where there is room", async (home) => {
    await remembering(home, { entries: 1_200, bytes: 1e6 }, async (store, keys) => {
      await store.prune();
      expect((await keys()).length).toBe(1_203);
    });
  });
});
