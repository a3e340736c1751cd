/** A local store becomes a shared one: whole, or not at all, wherever it is cut off. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { cpSync, existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/shared/clock.ts";
import { LocalStore } from "../../../src/store/local.ts";
import { PostgresClient } from "../../../src/store/postgres/client.ts";
import { copySchema, TABLES } from "../../../src/store/postgres/copy-schema.ts";
import { migrateSchema } from "../../../src/store/postgres/migrate.ts";
import { type Moved, moveIn, wouldMoveIn } from "../../../src/store/postgres/move-in.ts";
import { requireSchema, storedToken, survey } from "../../../src/store/postgres/survey.ts";
import { decodeText } from "../../../src/store/postgres/text-code.ts";
import type { Store } from "../../../src/store/store.ts";
import { onPostgres, sharedPostgres } from "../../harness/postgres.ts";
import { addressAt, storesAt } from "../../harness/stores.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lookUntil } from "../../harness/wait.ts";
import { answerTo, asking, at, failure, headOf, passing } from "./support.ts";

/** As it is kept. */
const TOKEN = { value: "tok-123456", platform: "http://p.example.com" };

setDefaultTimeout(60_000);

type Rows = Record<string, Record<string, unknown>[]>;

const CURSOR = {
  lastSinceId: "s0",
  settled: { id: "s0", at: at(0) },
  windowStart: at(0),
  fetchFromId: undefined,
};

/** Fills a store with something of each kind, as bridges would. */
async function fill(store: Store, more: number): Promise<void> {
  const { journal, outbox, memory } = store;
  await journal.admit([passing(0), asking(1), asking(2, "", { raw: "a\u0000b\u001a" })], undefined);
  await journal.admit([asking(3), asking(4, "other"), asking(5, "third")], { id: "s0", at: at(0) });
  await journal.begin("m3", true);
  await journal.bury("m4", "it failed");
  await outbox.keep(answerTo("m1", { body: "answer \u0000 one" }));
  await outbox.learnPeerMode("peer", "push" as never);
  await memory.remember("exec/k", "v");
  await journal.settle("m5");
  const rows = Array.from({ length: more }, (_, n) => asking(100 + n, `lane-${n % 7}`));
  for (let i = 0; i < rows.length; i += 1_000)
    await journal.admit(rows.slice(i, i + 1_000), undefined);
  await store.saveCursor(CURSOR);
  await store.saveToken(TOKEN.value);
}

async function local<T>(folder: string, id: string, use: (store: LocalStore) => Promise<T>) {
  const store = new LocalStore(folder, id, { platform: TOKEN.platform });
  expect(await store.lock.take()).toBe("taken");
  try {
    await store.open();
    return await use(store);
  } finally {
    await store.close();
  }
}

/** All rows of the local files, as they are to be found in the shared store. */
async function rowsHere(folder: string, id: string): Promise<Rows> {
  const sqlite = new Database(join(folder, `${id}.db`), { readonly: true });
  const rows: Rows = {};
  for (const table of Object.keys(TABLES)) {
    if (table === "cursors" || table === "tokens") continue;
    const columns = (copySchema().columns.get(table) ?? []).map(({ name }) => name);
    const query = sqlite.query(`SELECT rowid AS n, ${columns.join(", ")} FROM ${table} ORDER BY 1`);
    rows[table] = query.all() as Rows[string];
    query.finalize();
  }
  sqlite.close();
  return rows;
}

onPostgres.describe("moving in", () => {
  let url = "";
  let client: PostgresClient;

  beforeAll(async () => {
    url = await (await sharedPostgres()).newDatabase();
    client = new PostgresClient(addressAt(url), systemClock, 2);
    await migrateSchema(client);
  });

  afterAll(() => client?.close());

  /** The same from the shared store. */
  async function rowsThere(id: string): Promise<Rows> {
    const rows: Rows = {};
    for (const table of Object.keys(TABLES)) {
      if (table === "cursors" || table === "tokens") continue;
      const columns = (copySchema().columns.get(table) ?? []).map(({ name }) => name);
      const [found] = await client.query<{ rows: string }>(
        `SELECT coalesce(json_agg(r ORDER BY r.n), '[]')::text AS rows
         FROM (SELECT n, ${columns.join(", ")} FROM molecule.${table} WHERE ws = $1) AS r`,
        [id],
      );
      rows[table] = JSON.parse(found?.rows ?? "[]", (_, value: unknown) =>
        typeof value === "string" ? decodeText(value) : value,
      );
    }
    return rows;
  }

  async function shared<T>(folder: string, id: string, use: (store: Store) => Promise<T>) {
    const stores = await storesAt(url, { leaseMs: 2_000 });
    try {
      const store = stores.of(id, { folder });
      await lookUntil(async () => (await store.lock.take()) === "taken");
      await store.open();
      const result = await use(store);
      await store.close();
      return result;
    } finally {
      await stores.close();
    }
  }

  /** A folder with a filled store of a new workspace. */
  async function filled(more = 0) {
    const folder = tmpFolder();
    const id = crypto.randomUUID();
    await local(folder.path, id, (store) => fill(store, more));
    return { folder: folder.path, id, [Symbol.dispose]: () => folder[Symbol.dispose]() };
  }

  const move = (folder: string, id: string): Promise<Moved> => moveIn(client, folder, id);

  onPostgres.test(
    "takes over every row, the cursor and the token, and puts the files aside",
    async () => {
      using at = await filled(12_000);
      const { folder, id } = at;
      const before = await rowsHere(folder, id);
      expect(before["seen"]?.length).toBe(12_006);
      const moved = await move(folder, id);
      const rows = Object.values(before).reduce((sum, { length }) => sum + length, 0);
      expect(moved).toMatchObject({
        status: "moved",
        rows: rows + 2,
        unsettled: 12_003,
        deadLetters: 1,
      });
      expect(await rowsThere(id)).toEqual(before);
      expect(await storedToken(client, id)).toEqual(TOKEN);
      expect(
        readdirSync(folder)
          .filter((name) => !/lock\.db/.test(name))
          .sort(),
      ).toEqual([`${id}.db.moved`, `${id}.json.moved`, `${id}.token.moved`]);
      expect(moved.aside.map((path) => existsSync(path))).toEqual([true, true, true]);
      await shared(folder, id, async (store) => {
        expect(await store.loadCursor()).toEqual(CURSOR);
        expect(await store.memory.recall("exec/k")).toBe("v");
        expect(await store.journal.row("m2")).toBe("a\u0000b\u001a");
        expect(await headOf(store)).toMatchObject({ id: "m1", reply: { activityId: "m1" } });
        expect(await store.deadLetters.list()).toMatchObject([{ id: "m4", reason: "it failed" }]);
        expect(await store.journal.load()).toMatchObject({ waiting: 12_003, deadLetters: 1 });
      });
      const { workspaces } = await survey(client, 1, [id]);
      expect(workspaces).toMatchObject([
        { id, host: null, unsettled: 12_003, outbox: 1, dead_letters: 1, cursor: "s0" },
      ]);
    },
  );

  onPostgres.test("takes rows of many megabytes in parts", async () => {
    using at = await filled();
    const { folder, id } = at;
    await local(folder, id, async ({ journal }) => {
      for (let n = 0; n < 12; n++) {
        await journal.admit([asking(50 + n, "peer", { raw: "x".repeat(1024 * 1024) })], undefined);
      }
    });
    const before = await rowsHere(folder, id);
    expect((await move(folder, id)).status).toBe("moved");
    const after = await rowsThere(id);
    expect(after["raws"]?.length).toBe(before["raws"]?.length as number);
    expect(Bun.hash(JSON.stringify(after))).toBe(Bun.hash(JSON.stringify(before)));
  });

  onPostgres.test("what it would do is told, and nothing is changed", async () => {
    using at = await filled();
    const { folder, id } = at;
    const names = readdirSync(folder).sort();
    expect(await wouldMoveIn(client, folder, id, false)).toMatchObject({
      status: "would move",
      unsettled: 3,
      deadLetters: 1,
    });
    expect(readdirSync(folder).sort()).toEqual(names);
    expect((await survey(client, 1, [id])).workspaces).toEqual([]);
  });

  onPostgres.test("a cursor of the other tool, and a token alone, move as well", async () => {
    using folder = tmpFolder();
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    writeFileSync(
      join(folder.path, `${first}.json`),
      JSON.stringify({ workspace_id: first, last_since_id: "row-7" }),
    );
    writeFileSync(join(folder.path, `${second}.token`), "tok-alone-1\n", { mode: 0o600 });
    expect(await move(folder.path, first)).toMatchObject({ status: "moved", rows: 1 });
    expect(await move(folder.path, second)).toMatchObject({ status: "moved", rows: 1 });
    const cursor = await shared(folder.path, first, (store) => store.loadCursor());
    expect(cursor.lastSinceId).toBe("row-7");
    expect((await storedToken(client, second))?.value).toBe("tok-alone-1");
  });

  describe("is refused, and changes nothing,", () => {
    onPostgres.test("while a bridge has the local store", async () => {
      using at = await filled();
      const { folder, id } = at;
      const holder = new LocalStore(folder, id);
      expect(await holder.lock.take()).toBe("taken");
      const attempts = [() => move(folder, id), () => wouldMoveIn(client, folder, id, false)];
      for (const attempt of attempts) {
        const error = await failure(attempt());
        expect(error.message).toContain(
          `a bridge here has workspace ${id}: process ${process.pid}`,
        );
      }
      await holder.close();
      expect((await move(folder, id)).status).toBe("moved");
    });

    onPostgres.test("while a bridge has it in the shared store", async () => {
      using at = await filled();
      const { folder, id } = at;
      const stores = await storesAt(url, { leaseMs: 30_000 });
      const { lock } = stores.of(id, { folder });
      await lookUntil(async () => (await lock.take()) === "taken");
      const error = await failure(move(folder, id));
      expect(error.message).toContain(`a bridge on the shared store has workspace ${id}`);
      expect((await failure(wouldMoveIn(client, folder, id, false))).message).toBe(error.message);
      await stores.close();
      expect(existsSync(join(folder, `${id}.db`))).toBe(true);
      expect((await move(folder, id)).status).toBe("moved");
    });

    onPostgres.test("where the shared store has something of another's making", async () => {
      using at = await filled();
      const { folder, id } = at;
      await shared(folder, id, (store) => store.journal.admit([asking(900)], undefined));
      const there = await rowsThere(id);
      const error = await failure(move(folder, id));
      expect(error.message).toContain(`has something of workspace ${id} already`);
      expect(error.hint).toContain("move the local files away");
      expect(await rowsThere(id)).toEqual(there);
      expect(existsSync(join(folder, `${id}.db`))).toBe(true);
    });

    onPostgres.test("where a file of it can't be understood", async () => {
      using at = await filled();
      const { folder, id } = at;
      writeFileSync(join(folder, `${id}.json`), "{");
      expect((await failure(move(folder, id))).message).toContain("can't be understood");
      expect((await survey(client, 1, [id])).workspaces).toEqual([]);
    });
  });

  onPostgres.test("a holder that has fallen silent does not get the workspace back", async () => {
    using at = await filled();
    const { folder, id } = at;
    await client.query(
      `INSERT INTO molecule.members (id, host, pid, expires_at)
       VALUES ($1, 'gone', 7, clock_timestamp() - interval '1 hour')`,
      [`gone-${id}`],
    );
    await client.query("INSERT INTO molecule.workspaces (id, owner, epoch) VALUES ($1, $2, 3)", [
      id,
      `gone-${id}`,
    ]);
    expect((await move(folder, id)).status).toBe("moved");
    const { workspaces } = await survey(client, 1, [id]);
    expect(workspaces).toMatchObject([{ host: null, epoch: 4 }]);
  });

  describe("cut off after the shared store has it all,", () => {
    /** The state of a move that was killed before these files were put aside. */
    async function cutOff(endings: readonly string[], fillIt = true) {
      const folder = tmpFolder();
      const id = crypto.randomUUID();
      await local(folder.path, id, async (store) => {
        if (fillIt) await fill(store, 0);
        else await store.saveCursor({ ...CURSOR, lastSinceId: undefined, settled: undefined });
      });
      const { aside } = await move(folder.path, id);
      for (const path of aside) {
        const [, ending = ""] = /\.(\w+)\.moved$/.exec(path) ?? [];
        if (endings.includes(ending)) renameSync(path, path.replace(/\.moved$/, ""));
      }
      return { folder: folder.path, id, [Symbol.dispose]: () => folder[Symbol.dispose]() };
    }

    onPostgres.test.each([
      [["db", "json", "token"], true],
      [["db", "json"], true],
      [["db"], true],
      [["db", "json"], false],
      [["db"], false],
    ])(
      "the files %j are put aside by the next one (messages were seen: %p)",
      async (endings, seen) => {
        using at = await cutOff(endings, seen);
        const { folder, id } = at;
        const there = await rowsThere(id);
        expect(await wouldMoveIn(client, folder, id, false)).toMatchObject({
          status: "moved before",
        });
        expect(await move(folder, id)).toMatchObject({ status: "moved before" });
        expect(await rowsThere(id)).toEqual(there);
        expect(existsSync(join(folder, `${id}.db`))).toBe(false);
        expect(existsSync(join(folder, `${id}.json`))).toBe(false);
      },
    );

    onPostgres.test("also where a bridge has gone on in the shared store", async () => {
      using at = await cutOff(["db", "json", "token"]);
      const { folder, id } = at;
      await shared(folder, id, async (store) => {
        await store.journal.settle("m1");
        await store.saveCursor({ ...CURSOR, lastSinceId: "m1" });
        await store.journal.admit([asking(800)], undefined);
      });
      const there = await rowsThere(id);
      expect(await move(folder, id)).toMatchObject({ status: "moved before" });
      expect(await rowsThere(id)).toEqual(there);
    });

    onPostgres.test("but not where a bridge has gone on in the state folder", async () => {
      using at = await cutOff(["db", "json", "token"]);
      const { folder, id } = at;
      await local(folder, id, (store) => store.journal.admit([asking(800)], undefined));
      const error = await failure(move(folder, id));
      expect(error.message).toContain("has something of workspace");
      expect(existsSync(join(folder, `${id}.db`))).toBe(true);
    });
  });

  /** Has a process move it, which is killed as soon as `moment` comes; gives how long it took. */
  async function movedBy(
    folder: string,
    id: string,
    moment?: () => Promise<unknown>,
  ): Promise<number> {
    const program = join(import.meta.dir, "programs", "move-in.ts");
    await using child = Bun.spawn([process.execPath, program, url, folder, id], {
      stdout: "pipe",
      stderr: "inherit",
    });
    // It has begun.
    await child.stdout.getReader().read();
    const began = performance.now();
    if (moment !== undefined) {
      await Promise.race([child.exited, moment()]);
      child.kill("SIGKILL");
    }
    await child.exited;
    return performance.now() - began;
  }

  /** The same, killed in its transaction, where it puts the first row into the table. */
  function killedAt(table: string, folder: string, id: string): Promise<number> {
    const waits = async () => {
      const [found] = await client.query<{ waits: boolean }>(
        `SELECT count(*) > 0 AS waits FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return found?.waits === true;
    };
    return client.transaction(async (query) => {
      // It may be read, and not changed.
      await query(`LOCK TABLE molecule.${table} IN EXCLUSIVE MODE`);
      return movedBy(folder, id, () => lookUntil(waits, () => `nobody came to ${table}`));
    });
  }

  async function forget(id: string): Promise<void> {
    for (const table of Object.keys(TABLES)) {
      await client.query(`DELETE FROM molecule.${table} WHERE ws = $1`, [id]);
    }
    await client.query("DELETE FROM molecule.workspaces WHERE id = $1", [id]);
  }

  onPostgres.test("killed at any moment, nothing is lost, and it can be run again", async () => {
    using origin = await filled(3_000);
    const { folder: from, id } = origin;
    const before = await rowsHere(from, id);
    /** What became of it where it was moved by that way, and then once more. */
    const outcome = async (way: (folder: string) => Promise<unknown>) => {
      using place = tmpFolder();
      const folder = join(place.path, "state");
      cpSync(from, folder, { recursive: true });
      await way(folder);
      const path = join(folder, `${id}.db`);
      const status = existsSync(path) ? (await move(folder, id)).status : "through";
      expect(await rowsThere(id)).toEqual(before);
      expect(await storedToken(client, id)).toEqual(TOKEN);
      expect(existsSync(path)).toBe(false);
      await forget(id);
      return status;
    };
    let wholeMs = 0;
    const whole = async (folder: string) => (wholeMs = await movedBy(folder, id));
    expect(await outcome(whole)).toBe("through");
    for (const table of ["messages", "tokens"]) {
      expect(await outcome((folder) => killedAt(table, folder, id))).toBe("moved");
    }
    // Around the commit and what follows: where that falls is chance.
    for (const part of [0.6, 0.7, 0.8, 0.9, 0.95]) {
      await outcome((folder) => movedBy(folder, id, () => Bun.sleep(part * wholeMs)));
    }
  });

  onPostgres.test("a schema of another version is said, and not read", async () => {
    const other = addressAt(await (await sharedPostgres()).newDatabase());
    const odd = new PostgresClient(other, systemClock, 1);
    try {
      expect((await failure(requireSchema(odd))).message).toContain("nothing was ever kept");
      await odd.query("CREATE SCHEMA molecule");
      await odd.query("CREATE TABLE molecule.schema_version AS SELECT 99 AS version");
      expect((await failure(requireSchema(odd))).message).toContain(
        "a newer version of molecule (schema 99",
      );
    } finally {
      await odd.close();
    }
  });
});
