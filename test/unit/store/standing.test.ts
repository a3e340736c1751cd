/** Where messages stand, by the tables. How a change is noticed is told in standing-changes.test.ts. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { pathsOf, type LocalStore } from "../../../src/store/local.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../../src/store/schema.ts";
import { Standings } from "../../../src/store/standing.ts";
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
async function lab(rows = [asking(1)]) {
  const folder = tmpFolder();
  const store = await openStore(folder.path);
  await store.journal.admit(rows, undefined);
  const standings = new Standings(folder.path, WORKSPACE);
  const look = () => {
    const view = standings.look();
    if (view === undefined) throw new Error("there is nothing to see");
    return view;
  };
  return {
    folder: folder.path,
    store: store as LocalStore,
    standings,
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
    expect(it.standings.of(["m1"]).get("m1")).toEqual({ state: "outbox" });
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

  test("the newest 500 of each kind are told, and the counts are exact", async () => {
    await using it = await lab([...many(1, 600), ...many(1_001, 600), ...many(2_001, 600)]);
    const { journal } = it.store;
    const ids = many(1, 600).map(({ id }) => id);
    await Promise.all(ids.map((id) => journal.bury(id, "why")));
    await Promise.all(many(2_001, 600).map(({ id }) => journal.settle(id)));
    const { standings, ...counts } = it.look();
    expect(counts).toEqual({ unsettled: 600, outbox: 0, deadLetters: 600 });
    const of = (state: string) =>
      [...standings].filter(([, one]) => one.state === state).map(([id]) => Number(id.slice(1)));
    expect(of("dead").sort((a, b) => a - b)).toEqual(many(101, 500).map((_, n) => 101 + n));
    expect(of("journal").sort((a, b) => a - b)).toEqual(many(0, 500).map((_, n) => 1_101 + n));
    expect(of("settled").length).toBeGreaterThanOrEqual(500);
    expect(standings.has("m2600")).toBe(true);
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
    expect([...it.standings.of(["m1", "m2", "s3", "m9"])]).toEqual([
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
    expect([...it.standings.of(asked)]).toEqual([]);
    await it.store.journal.settle("m10");
    expect([...it.standings.of(asked)]).toEqual([["old", { state: "settled" }]]);
  });
});

describe("a database", () => {
  test("that is not there has nothing to see", () => {
    using folder = tmpFolder();
    const standings = new Standings(folder.path, WORKSPACE);
    expect(standings.look()).toBeUndefined();
    expect(standings.of(["m1"]).size).toBe(0);
    expect(() => new Standings(folder.path, "../x")).toThrow("not a workspace id");
  });

  test("that a bridge had just made as it crashed is empty", () => {
    using folder = tmpFolder();
    writeFileSync(pathsOf(folder.path, WORKSPACE).database, "");
    const standings = new Standings(folder.path, WORKSPACE);
    const nothing = { unsettled: 0, outbox: 0, deadLetters: 0, standings: new Map() };
    expect(standings.look()).toEqual(nothing);
    expect(standings.of(["m1"]).size).toBe(0);
  });

  test.each(MIGRATIONS.map((_, n) => n + 1))("of version %i is read as it is", (version) => {
    using folder = tmpFolder();
    using old = new Database(pathsOf(folder.path, WORKSPACE).database);
    for (const step of MIGRATIONS.slice(0, version)) old.run(step);
    old.run(`PRAGMA user_version = ${version}`);
    old.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    old.run("INSERT INTO seen (n, id, at, entered_ms) VALUES (1, 'm1', ?, 0)", [at(1)]);
    old.run("INSERT INTO messages (n, id, at, lane) VALUES (1, 'm1', ?, '')", [at(1)]);
    const view = new Standings(folder.path, WORKSPACE).look();
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
    const standings = new Standings(folder.path, WORKSPACE, { clock });
    const look = () => failure(Promise.try(() => standings.look()));
    const first = await look();
    expect(first.message).toContain(says);
    expect(first.message).toContain(folder.path);
    expect(await look()).toBe(first);
    expect(() => standings.of(["m1"])).toThrow(MoleculeError);
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
    const standings = new Standings(folder.path, WORKSPACE, { open });
    const locked = await failure(Promise.try(() => standings.look()));
    expect(locked.message).toContain("locked");
    expect(locked.hint).toContain("Another program holds it");
    other.run("ROLLBACK");
    other.close();
    expect(standings.look()).toMatchObject({ unsettled: 0 });
  });

  test.skipIf(WINDOWS)("that can't be looked at is told with what to do", async () => {
    using folder = tmpFolder();
    writeFileSync(join(folder.path, "file"), "");
    const standings = new Standings(join(folder.path, "file"), WORKSPACE);
    const said = await failure(Promise.try(() => standings.look()));
    expect(said.message).toContain("can't be looked at (ENOTDIR)");
    expect(said.hint).toContain("--state-dir");
  });
});
