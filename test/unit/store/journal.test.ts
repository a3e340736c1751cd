import { describe, expect, test } from "bun:test";
import type { NewRow } from "../../../src/store/store.ts";
import { ManualClock } from "../../harness/clock.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { contract } from "./contract.ts";
import { answerTo, asking, at, failure, headOf, openStore, passing, pending } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const entered = { kind: "entered", reusedId: false } as const;
const place = (row: NewRow) => ({ id: row.id, at: row.at });

describe("rows that are entered", () => {
  contract("are known the second time, in the same call and in a later one", async (home) => {
    await using store = await home.open();
    const rows = [asking(1), passing(2), asking(1), passing(2)];
    const first = [entered, entered, { kind: "known" as const }, { kind: "known" as const }];
    expect(await store.journal.admit(rows, undefined)).toEqual(first);
    expect(await store.journal.admit(rows, undefined)).toEqual(
      rows.map(() => ({ kind: "known" as const })),
    );
    expect(await store.journal.known(["m1", "m2", "s2", "\ud800"])).toEqual(new Set(["m1", "s2"]));
    expect(await store.journal.load()).toMatchObject({ waiting: 1, bytes: 11 });
  });

  contract("keep their whole text, whatever it is, until they are settled", async (home) => {
    await using store = await home.open();
    const raw = `{"text":"ä😀\u0000\\"${"x".repeat(1_000_000)}"}`;
    await store.journal.admit([asking(1, "a\u0000b", { raw })], undefined);
    expect((await store.journal.row("m1")) === raw).toBe(true);
    expect(await store.journal.lanes()).toEqual(["a\u0000b"]);
    expect((await store.journal.load()).bytes).toBe(Buffer.byteLength(raw));
    await store.journal.settle("m1");
    expect((await failure(store.journal.row("m1"))).message).toContain("m1 is not kept any more");
    expect((await store.journal.load()).bytes).toBe(0);
    expect(await store.journal.known(["m1"])).toEqual(new Set(["m1"]));
  });

  contract("leave the anchor where none comes with them", async (home) => {
    await using store = await home.open();
    expect(await store.journal.anchor()).toBeUndefined();
    await store.journal.admit([], { id: "a", at: at(1) });
    await store.journal.admit([asking(1)], undefined);
    expect(await store.journal.anchor()).toEqual({ id: "a", at: at(1) });
  });
});

describe("a message that comes again under another id", () => {
  const ids = ["sent"];
  const again = (second: number, more = {}) =>
    asking(second, "peer", { ids, digest: "d", ...more });

  contract("is a repeat within a week, of the first one", async (home) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock });
    const repeat = { kind: "repeat" as const, of: "m1" };
    expect(await store.journal.admit([again(1), again(2)], undefined)).toEqual([entered, repeat]);
    await store.journal.settle("m1");
    clock.suspend(6 * DAY_MS);
    // Also one that has only one of its ids in common, and by that one a third.
    expect(
      await store.journal.admit(
        [again(3, { ids: ["other", "sent"] }), again(4, { ids: ["other"] })],
        undefined,
      ),
    ).toEqual([repeat, repeat]);
    expect(await store.journal.load()).toMatchObject({ waiting: 0, bytes: 0 });
    expect(await store.journal.watermark()).toEqual(place(again(4)));
    clock.suspend(DAY_MS);
    // A repeat has not made the first one younger.
    expect(await store.journal.admit([again(5), again(6)], undefined)).toEqual([
      entered,
      { kind: "repeat", of: "m5" },
    ]);
  });

  contract(
    "is a message of its own with another content, lane or no id, and told where the id is reused",
    async (home) => {
      const clock = new ManualClock();
      await using store = await home.open({ clock });
      const rows = [
        again(1),
        again(2, { digest: "e" }),
        {
          ...again(3),
          message: { ...asking(3).message, lane: "other", ids, digest: "d" },
        } as NewRow,
        again(4, { ids: [] }),
        again(5, { ids: [] }),
      ];
      expect(await store.journal.admit(rows, undefined)).toEqual([
        entered,
        { kind: "entered", reusedId: true },
        entered,
        entered,
        entered,
      ]);
      clock.suspend(7 * DAY_MS);
      expect(await store.journal.admit([again(6, { digest: "f" })], undefined)).toEqual([entered]);
    },
  );
});

describe("the watermark", () => {
  contract(
    "is the newest row below which all is settled, and moves back for a late one",
    async (home) => {
      await using store = await home.open();
      const { journal } = store;
      expect(await journal.watermark()).toBeUndefined();
      await journal.admit([asking(2), passing(3), asking(4), passing(5)], undefined);
      expect(await journal.watermark()).toBeUndefined();
      await journal.settle("m2");
      expect(await journal.watermark()).toEqual({ id: "s3", at: at(3) });
      await journal.settle("m4");
      expect(await journal.watermark()).toEqual({ id: "s5", at: at(5) });
      await journal.admit([{ ...asking(1), at: at(3) }], undefined);
      // Of one time, the one that was entered first stands first.
      expect(await journal.watermark()).toEqual({ id: "s3", at: at(3) });
      await journal.admit([{ ...asking(7), at: at(2) }], undefined);
      expect(await journal.watermark()).toEqual({ id: "m2", at: at(2) });
    },
  );

  contract("passes dead letters, and is not held by those that were revived", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1), asking(2)], undefined);
    await store.journal.bury("m1", "why");
    expect(await store.journal.watermark()).toEqual(place(asking(1)));
    await store.deadLetters.retry("m1");
    expect(await store.journal.watermark()).toEqual(place(asking(1)));
    await store.journal.settle("m1");
    await store.journal.settle("m2");
    expect(await store.journal.watermark()).toEqual(place(asking(2)));
  });
});

describe("a cursor that another program moved", () => {
  contract("settles what lies at or before it, but for the revived", async (home) => {
    await using store = await home.open();
    const { journal, outbox, deadLetters } = store;
    const rows = [asking(1), asking(2), asking(3), asking(4), asking(5)];
    await journal.admit(rows, undefined);
    await journal.bury("m1", "why");
    await deadLetters.retry("m1");
    await outbox.keep(answerTo("m2"));
    expect(await journal.handledElsewhere("m3")).toBe(2);
    expect(await outbox.count()).toBe(0);
    expect(await journal.watermark()).toEqual(place(asking(3)));
    expect(await journal.load()).toMatchObject({ waiting: 3 });
    expect(await headOf(store)).toMatchObject({ id: "m1", generation: 1 });
    expect(await journal.handledElsewhere("unknown")).toBe(2);
    expect(await journal.load()).toMatchObject({ waiting: 1, bytes: 11 });
  });
});

describe("a run", () => {
  contract("counts what it ended with, and only that", async (home) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock });
    const { journal } = store;
    await journal.admit([asking(1)], undefined);
    const start = clock.now();
    for (const [end, attempts, crashes] of [
      ["again", 1, 0],
      ["recover", 1, 1],
      ["release", 1, 1],
      ["again", 2, 1],
    ] as const) {
      await clock.advance(1_000);
      await journal.begin("m1", true);
      await journal[end]("m1");
      expect(await headOf(store)).toMatchObject({ id: "m1", attempts, crashes, told: false });
    }
    // What did not count is no turn that was taken.
    expect(await journal.runsSince("peer", start)).toEqual([1, 2, 4].map((s) => start + s * 1_000));
    expect(await journal.runsSince("peer", start + 2_000)).toHaveLength(2);
    expect(await journal.runsSince("other", 0)).toEqual([]);
  });

  contract("begins only once, and only of a message that waits", async (home) => {
    await using store = await home.open();
    const { journal, outbox } = store;
    await journal.admit([asking(1)], undefined);
    await journal.begin("m1", true);
    expect((await failure(journal.begin("m1", true))).message).toContain("m1 is running");
    await outbox.keep(answerTo("m1"));
    expect((await failure(journal.begin("m1", true))).message).toContain("m1 is answered");
    expect((await failure(journal.release("m1"))).message).toContain("m1 is answered");
    await outbox.posted(await pending(store), at(2));
    expect((await failure(journal.begin("m1", true))).message).toContain("m1 is not kept");
    for (const call of ["again", "release", "recover"] as const) {
      expect((await failure(journal[call]("m1"))).message).toContain("m1 is not kept");
    }
    await journal.settle("m1");
  });

  contract("that a death cut is found by the next process, with its child", async (home) => {
    const store = await home.open();
    await store.journal.admit([asking(1), asking(2), asking(3), asking(4)], undefined);
    for (const id of ["m3", "m1", "m2"]) await store.journal.begin(id, true);
    await store.journal.child("m1", { pid: 7, identity: "boot/1" });
    await store.journal.child("m2", { pid: 8, identity: undefined });
    expect(await store.journal.interrupted()).toEqual([]);
    await store.close();
    await using next = await home.open();
    expect(await next.journal.interrupted()).toEqual([
      { id: "m1", child: { pid: 7, identity: "boot/1" } },
      { id: "m2", child: { pid: 8, identity: undefined } },
      { id: "m3", child: undefined },
    ]);
    await next.journal.recover("m1");
    await next.journal.begin("m1", true);
    await next.journal.recover("m2");
    expect((await next.journal.interrupted()).map(({ id }) => id)).toEqual(["m3"]);
  });
});

contract("the journal is full by messages and dead letters together, or by bytes", async (home) => {
  await using store = await home.open({ maxMessages: 3, maxBytes: 100 });
  const { journal } = store;
  await journal.admit([asking(1), asking(2)], undefined);
  await journal.bury("m1", "why");
  expect(await journal.load()).toEqual({ waiting: 1, deadLetters: 1, bytes: 22, full: false });
  await journal.admit([asking(3)], undefined);
  expect(await journal.load()).toMatchObject({ full: true });
  await journal.settle("m3");
  expect(await journal.load()).toMatchObject({ full: false });
  await store.outbox.keep(answerTo("m2", { body: "x".repeat(78) }));
  expect(await journal.load()).toMatchObject({ bytes: 100, full: true });
});

test("where the cursor file was moved away, reading starts anew, and what was handled is known", async () => {
  using folder = tmpFolder();
  const store = await openStore(folder.path);
  await store.journal.admit([passing(1)], { id: "s1", at: at(1) });
  await store.close();
  const next = await openStore(folder.path);
  expect(await next.journal.anchor()).toEqual({ id: "s1", at: at(1) });
  await next.close();
  const { rm, readdir } = await import("node:fs/promises");
  const file = (await readdir(folder.path)).find((name) => /^[^.]*\.json$/.test(name));
  await rm(`${folder.path}/${file}`);
  await using anew = await openStore(folder.path);
  expect(await anew.journal.anchor()).toBeUndefined();
  expect(await anew.journal.known(["s1"])).toEqual(new Set(["s1"]));
});
