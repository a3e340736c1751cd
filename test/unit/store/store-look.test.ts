/** Where messages stand, by the tables. How a change is noticed is told in store-look-changes.test.ts. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { pathsOf, type LocalStore, type LocalStoreParts } from "../../../src/store/local.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../../src/store/schema.ts";
import { openToRead } from "../../../src/store/open-to-read.ts";
import { StoreLook, type StandingView } from "../../../src/store/store-look.ts";
import { ManualClock } from "../../harness/clock.ts";
import { WINDOWS } from "../../harness/platform.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import {
  answerTo,
  asking,
  at,
  failure,
  handedOver,
  openStore,
  passing,
  pending,
  trouble,
} from "./support.ts";

/** A store in which m1 was entered, and the look at it from outside. */
async function lab(rows = [asking(1)], parts: LocalStoreParts = {}) {
  const folder = tmpFolder();
  const store = await openStore(folder.path, parts);
  await store.journal.admit(rows, undefined);
  const looking = new StoreLook(folder.path, WORKSPACE);
  const look = () => {
    const view = looking.look();
    if (view === undefined) throw new Error("there is nothing to see");
    return view;
  };
  return {
    folder: folder.path,
    store: store as LocalStore,
    looking,
    look,
    m1: () => look().standings.get("m1"),
    async [Symbol.asyncDispose]() {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

describe("a message", () => {
  test("goes from the journal to a run, to the outbox, and is settled", async () => {
    await using it = await lab();
    const { journal, outbox } = it.store;
    expect(it.m1()).toEqual({ state: "journal" });
    expect(it.look()).toMatchObject({ unsettled: 1, outbox: 0, deadLetters: 0 });
    await journal.begin("m1", true);
    expect(it.m1()).toEqual({ state: "running", runs: 1 });
    await outbox.keep(answerTo("m1"));
    expect(it.m1()).toEqual({ state: "outbox" });
    expect(it.look()).toMatchObject({ unsettled: 1, outbox: 1, deadLetters: 0 });
    await outbox.posted(await pending(it.store), at(2));
    expect(it.m1()).toEqual({ state: "settled" });
    expect(it.look()).toMatchObject({ unsettled: 0, outbox: 0, deadLetters: 0 });
  });

  test("is told with how often it was begun with: failed runs, crashes, and the one that goes on", async () => {
    await using it = await lab();
    const { journal } = it.store;
    await journal.begin("m1", true);
    await journal.again("m1");
    expect(it.m1()).toEqual({ state: "journal", runs: 1 });
    await journal.begin("m1", true);
    await journal.recover("m1");
    expect(it.m1()).toEqual({ state: "journal", runs: 2 });
    await journal.begin("m1", true);
    expect(it.m1()).toEqual({ state: "running", runs: 3 });
    await journal.bury("m1", "it never worked");
    expect(it.m1()).toEqual({ state: "dead", runs: 3, reason: "it never worked" });
    expect(it.look()).toMatchObject({ unsettled: 0, outbox: 0, deadLetters: 1 });
  });

  test("that was handed over is settled, and in the outbox again once that was taken back", async () => {
    await using it = await lab([]);
    const reply = await handedOver(it.store);
    expect(it.m1()).toEqual({ state: "settled" });
    expect(it.look()).toMatchObject({ unsettled: 0, outbox: 0 });
    await it.store.outbox.takeBack(reply);
    expect(it.m1()).toEqual({ state: "outbox" });
    expect(it.looking.of(["m1"]).get("m1")).toEqual({ state: "outbox" });
    await it.store.outbox.refused(reply, "403");
    expect(it.m1()).toEqual({ state: "dead", reason: "403" });
  });

  test("whose asker is told of a trouble waits all the same", async () => {
    await using it = await lab();
    await it.store.outbox.keep(trouble("m1"));
    expect(it.m1()).toEqual({ state: "journal" });
  });

  test("that was retried waits again, and one that was dropped is settled", async () => {
    await using it = await lab([asking(1), asking(2)]);
    for (const id of ["m1", "m2"]) await it.store.journal.bury(id, "why");
    expect(it.look().standings.get("m2")).toEqual({ state: "dead", reason: "why" });
    await it.store.deadLetters.retry("m1");
    await it.store.deadLetters.drop("m2");
    expect(it.m1()).toEqual({ state: "journal" });
    expect(it.look().standings.get("m2")).toEqual({ state: "settled" });
  });

  test("that was passed over is settled, and the echo of a notice is no message", async () => {
    await using it = await lab([passing(1), passing(2, "digest")]);
    expect([...it.look().standings]).toEqual([["s1", { state: "settled" }]]);
  });
});

describe("of many messages", () => {
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => asking(from + n, `peer-${n % 7}`));

  test("the newest 500 of each kind are told, the first of each lane, and the counts are exact", async () => {
    await using it = await lab([...many(1, 600), ...many(1_001, 1_200), ...many(3_001, 1_200)]);
    const { journal } = it.store;
    const ids = many(1, 600).map(({ id }) => id);
    await Promise.all(ids.map((id) => journal.bury(id, "why")));
    await Promise.all(many(3_001, 1_200).map(({ id }) => journal.settle(id)));
    const { standings, ...counts } = it.look();
    expect(counts).toEqual({ unsettled: 1_200, outbox: 0, deadLetters: 600 });
    const of = (state: string) =>
      [...standings]
        .filter(([, one]) => one.state === state)
        .map(([id]) => Number(id.slice(1)))
        .sort((a, b) => a - b);
    const from = (first: number, count: number) =>
      Array.from({ length: count }, (_, n) => first + n);
    expect(of("dead")).toEqual(from(101, 500));
    expect(of("journal")).toEqual([...from(1_001, 7 * 50), ...from(1_701, 500)]);
    expect(of("settled")).toEqual(from(3_701, 500));
  });

  test("those that run and settle between two looks are told, however many wait behind them", async () => {
    await using it = await lab(Array.from({ length: 1_600 }, (_, n) => asking(n + 1)));
    const { journal } = it.store;
    expect(it.m1()).toEqual({ state: "journal" });
    const ids = Array.from({ length: 30 }, (_, n) => `m${n + 1}`);
    for (const id of ids) {
      await journal.begin(id, true);
      await journal.settle(id);
    }
    await journal.begin("m31", true);
    const { standings } = it.look();
    expect(ids.filter((id) => standings.get(id)?.state !== "settled")).toEqual([]);
    expect(standings.get("m31")).toEqual({ state: "running", runs: 1 });
  });

  test("those that run or are answered are told, also where late ones stand before them", async () => {
    await using it = await lab([asking(100), asking(101, "other")]);
    const { journal, outbox } = it.store;
    for (const id of ["m100", "m101"]) await journal.begin(id, true);
    await outbox.keep(answerTo("m101", { lane: "other" }));
    const rows = [...Array(60).keys()].flatMap((n) => [asking(n + 1), asking(n + 201, "other")]);
    await journal.admit([...rows, ...many(1_000, 600)], undefined);
    const { standings } = it.look();
    expect(standings.get("m100")).toEqual({ state: "running", runs: 1 });
    expect(standings.get("m101")).toEqual({ state: "outbox" });
  });

  test("one that was asked for is told of until it is settled", async () => {
    await using it = await lab(Array.from({ length: 800 }, (_, n) => asking(n + 1)));
    expect(it.look().standings.has("m200")).toBe(false);
    expect(it.looking.of(["m200", "m201"]).get("m200")).toEqual({ state: "journal" });
    await it.store.journal.begin("m200", true);
    expect(it.look().standings.get("m200")).toEqual({ state: "running", runs: 1 });
    expect(it.look().standings.get("m201")).toEqual({ state: "journal" });
    await it.store.journal.settle("m200");
    expect(it.look().standings.get("m200")).toEqual({ state: "settled" });
  });

  test("that were told of and settle at once none is passed over", async () => {
    await using it = await lab(Array.from({ length: 1_500 }, (_, n) => asking(n + 1)));
    const ids = Array.from({ length: 900 }, (_, n) => `m${n + 1}`);
    it.looking.of(ids);
    await it.store.journal.admit(many(2_000, 1_000), undefined);
    await Promise.all(ids.map((id) => it.store.journal.settle(id)));
    const unsaid = () => {
      const { standings } = it.look();
      return ids.filter((id) => standings.get(id)?.state !== "settled");
    };
    expect(unsaid()).toEqual([]);
    // Nor by the next one: a look may be missed.
    await it.store.journal.begin("m1000", true);
    expect(unsaid()).toEqual([]);
  });

  test("one that was told of is told of on, also where newer ones have taken its place", async () => {
    await using it = await lab();
    const { journal } = it.store;
    await journal.begin("m1", true);
    expect(it.m1()).toEqual({ state: "running", runs: 1 });
    await journal.admit(many(10, 1_200), undefined);
    expect(it.m1()).toEqual({ state: "running", runs: 1 });
    await journal.again("m1");
    expect(it.m1()).toEqual({ state: "journal", runs: 1 });
    await journal.settle("m1");
    expect(it.m1()).toEqual({ state: "settled" });
    // A look that found nothing else to say about it says so again.
    await journal.begin("m10", true);
    expect(it.m1()).toEqual({ state: "settled" });
  });
});

describe("rows that are asked for", () => {
  test("are told by their ids, however old, and unknown ones are left out", async () => {
    await using it = await lab([asking(1), asking(2), passing(3)]);
    await it.store.journal.settle("m1");
    expect([...it.looking.of(["m1", "m2", "s3", "m9"])]).toEqual([
      ["m1", { state: "settled" }],
      ["m2", { state: "journal" }],
      ["s3", { state: "settled" }],
    ]);
  });

  test("are settled where they are older than all that is remembered, and are not where they are late", async () => {
    await using it = await lab([asking(10), asking(20), asking(30)]);
    const asked = [
      { id: "old", at: at(9) },
      { id: "late", at: at(15) },
      { id: "new", at: at(40) },
      "untimed",
    ];
    // While the oldest is not settled, nothing is known of what came before.
    expect([...it.looking.of(asked)]).toEqual([]);
    await it.store.journal.settle("m10");
    expect([...it.looking.of(asked)]).toEqual([["old", { state: "settled" }]]);
  });

  test("that were forgotten are settled, also where an older dead letter is kept", async () => {
    const clock = new ManualClock();
    await using it = await lab([asking(10), asking(20), asking(30)], { clock });
    const { store, looking } = it;
    const asked = [20, 15, 60].map((second) => ({ id: `m${second}`, at: at(second) }));
    const settled = () => [...looking.of(asked)].map(([id, { state }]) => `${id} ${state}`);
    await store.journal.bury("m10", "why");
    for (const id of ["m20", "m30"]) await store.journal.settle(id);
    // Nothing is forgotten yet: what is not known came late.
    expect(settled()).toEqual(["m20 settled"]);
    clock.stall(31 * 86_400_000);
    await store.journal.admit([asking(50)], undefined);
    await store.journal.settle("m50");
    await store.prune();
    expect(looking.of(["m20"]).size).toBe(0);
    expect(settled()).toEqual(["m20 settled", "m15 settled"]);
    // One that is not settled tells nothing of those behind it.
    await store.journal.admit([asking(45), asking(48)], undefined);
    await store.journal.settle("m48");
    expect([...looking.of([{ id: "late", at: at(46) }])]).toEqual([]);
  });
});

describe("a database", () => {
  test("that is not there has nothing to see", () => {
    using folder = tmpFolder();
    const looking = new StoreLook(folder.path, WORKSPACE);
    expect(looking.look()).toBeUndefined();
    expect(looking.of(["m1"]).size).toBe(0);
    expect(() => new StoreLook(folder.path, "../x")).toThrow("not a workspace id");
  });

  test("that a bridge had just made as it crashed is empty", () => {
    using folder = tmpFolder();
    writeFileSync(pathsOf(folder.path, WORKSPACE).database, "");
    const looking = new StoreLook(folder.path, WORKSPACE);
    const nothing = { unsettled: 0, outbox: 0, deadLetters: 0, standings: new Map() };
    expect(looking.look()).toEqual(nothing);
    expect(looking.of(["m1"]).size).toBe(0);
  });

  test.each(MIGRATIONS.map((_, n) => n + 1))("of version %i is read as it is", (version) => {
    using folder = tmpFolder();
    using old = new Database(pathsOf(folder.path, WORKSPACE).database);
    for (const step of MIGRATIONS.slice(0, version)) old.run(step);
    old.run(`PRAGMA user_version = ${version}`);
    old.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    old.run("INSERT INTO seen (n, id, at, entered_ms) VALUES (1, 'm1', ?, 0)", [at(1)]);
    old.run("INSERT INTO messages (n, id, at, lane) VALUES (1, 'm1', ?, '')", [at(1)]);
    const view = new StoreLook(folder.path, WORKSPACE).look();
    expect(view).toMatchObject({ unsettled: 1 });
    expect(view?.standings.get("m1")).toEqual({ state: "journal" });
    expect(old.query("PRAGMA user_version").get()).toEqual({ user_version: version });
  });

  const WRONG: [what: string, make: (path: string) => void, says: string][] = [
    ["is none", (path) => writeFileSync(path, "x".repeat(8_192)), "file is not a database"],
    [
      "is another program's",
      (path) => {
        using made = new Database(path);
        made.run("CREATE TABLE t (x)");
      },
      "was made by another program",
    ],
    [
      "is of a newer version",
      (path) => {
        using made = new Database(path);
        made.run(`PRAGMA application_id = ${APPLICATION_ID}`);
        made.run("CREATE TABLE t (x)");
        made.run(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
      },
      "was written by a newer version",
    ],
    [
      "is ours and lacks its tables",
      (path) => {
        using made = new Database(path);
        made.run(`PRAGMA application_id = ${APPLICATION_ID}`);
        made.run("CREATE TABLE t (x)");
        made.run("PRAGMA user_version = 1");
      },
      "can't be used",
    ],
  ];

  test.each(WRONG)("that %s is told so, again and again, and read once", async (_, make, says) => {
    using folder = tmpFolder();
    make(pathsOf(folder.path, WORKSPACE).database);
    const clock = { now: () => Date.now() + 60_000 };
    const looking = new StoreLook(folder.path, WORKSPACE, { clock });
    const look = () => failure(Promise.try(() => looking.look()));
    const first = await look();
    expect(first.message).toContain(says);
    expect(first.message).toContain(folder.path);
    expect(await look()).toBe(first);
    expect(() => looking.of(["m1"])).toThrow(MoleculeError);
  });

  test("that is locked is told so, and read as soon as it is free", async () => {
    using folder = tmpFolder();
    await (await openStore(folder.path)).close();
    const { database } = pathsOf(folder.path, WORKSPACE);
    // In another mode than ours, so that whoever holds it keeps readers out.
    using other = new Database(database);
    other.run("PRAGMA journal_mode = DELETE");
    other.run("PRAGMA locking_mode = EXCLUSIVE");
    other.run("BEGIN EXCLUSIVE");
    const open = (path: string) => new Database(path, { readonly: true });
    const looking = new StoreLook(folder.path, WORKSPACE, { open });
    const locked = await failure(Promise.try(() => looking.look()));
    expect(locked.message).toContain("locked");
    expect(locked.hint).toContain("Another program holds it");
    other.run("ROLLBACK");
    other.close();
    expect(looking.look()).toMatchObject({ unsettled: 0 });
  });

  test.each(["SQLITE_CANTOPEN", "SQLITE_IOERR_READ", "SQLITE_BUSY", "EMFILE"])(
    "that can't be read for once (%s) is read with the next look, though nothing has changed",
    async (code) => {
      await using it = await lab();
      await it.store.close();
      let fails = false;
      const open = (path: string) => {
        if (fails) throw Object.assign(new Error("not now"), { code });
        return openToRead(path);
      };
      const clock = { now: () => Date.now() + 60_000 };
      const looking = new StoreLook(it.folder, WORKSPACE, { clock, open });
      const first = looking.look();
      fails = true;
      // What was found is good as long as nothing has changed; what is asked for is not known.
      expect(looking.look()).toBe(first as StandingView);
      const old = { id: "old", at: at(0) };
      expect(() => looking.of(["m1", old])).toThrow("not now");
      expect(() => looking.look()).toThrow("not now");
      fails = false;
      const { standings } = looking.look() as StandingView;
      expect(standings.get("m1")).toEqual({ state: "journal" });
      expect(standings.has("old")).toBe(false);
      expect(looking.of(["m1"]).get("m1")).toEqual({ state: "journal" });
    },
  );

  test("that could not be read tells of what was asked for meanwhile, once", async () => {
    await using it = await lab([asking(10), asking(20)]);
    await it.store.journal.settle("m10");
    await it.store.close();
    let fails = false;
    const open = (path: string) => {
      if (fails) throw Object.assign(new Error("locked"), { code: "SQLITE_BUSY" });
      return openToRead(path);
    };
    const clock = { now: () => Date.now() + 60_000 };
    const looking = new StoreLook(it.folder, WORKSPACE, { clock, open });
    expect(looking.look()?.standings.has("old")).toBe(false);
    fails = true;
    expect(() => looking.of([{ id: "old", at: at(1) }])).toThrow("locked");
    fails = false;
    expect(looking.look()?.standings.get("old")).toEqual({ state: "settled" });
  });

  test("is seen as it was at one moment, also while a bridge writes to it", async () => {
    await using it = await lab();
    const { database } = pathsOf(it.folder, WORKSPACE);
    using bridge = new Database(database);
    const open = (path: string) => {
      const opened = openToRead(path);
      const prepare = opened.prepare.bind(opened);
      opened.prepare = ((query: string) => {
        if (query.includes("FROM totals")) bridge.run("DELETE FROM messages");
        return prepare(query);
      }) as typeof opened.prepare;
      return opened;
    };
    const view = new StoreLook(it.folder, WORKSPACE, { open }).look();
    expect(view?.standings.get("m1")).toEqual({ state: "journal" });
    expect(view?.unsettled).toBe(1);
    expect(it.look().unsettled).toBe(0);
  });

  test.skipIf(WINDOWS)("that can't be looked at is told with what to do", async () => {
    using folder = tmpFolder();
    writeFileSync(join(folder.path, "file"), "");
    const looking = new StoreLook(join(folder.path, "file"), WORKSPACE);
    const said = await failure(Promise.try(() => looking.look()));
    expect(said.message).toContain("can't be looked at (ENOTDIR)");
    expect(said.hint).toContain("--state-dir");
  });
});
