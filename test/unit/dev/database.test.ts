import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/dev/database.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../../src/dev/schema.ts";
import { lab, ManualClock } from "./lab.ts";
import { onPosix } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

const clock = new ManualClock();

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "molecule-test-"));
  return {
    path,
    db: join(path, "dev.db"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

test("everything survives a restart", async () => {
  await using dir = await folder();
  let agent, token, rows;
  {
    await using at = await lab({ db: dir.db });
    agent = await at.member("agent");
    const ada = await at.member("ada");
    await at.send(ada, agent, "one", "m-1");
    await at.send("canvas", agent, "two");
    rows = await at.feed(agent);
    ({ token } = agent);
  }
  await using at = await lab({ db: dir.db });
  expect(await at.feed(agent)).toEqual(rows);
  expect(await at.feed(agent, `?since_id=${rows[1].id}`)).toEqual([rows[0]]);
  await at.send("canvas", agent, "one", "m-1");
  await at.send("canvas", agent, "three");
  const after = await at.feed({ id: agent.id, token });
  expect(after.map((row) => row.seq)).toEqual([expect.any(Number), 2, 1]);
  expect(after[0].seq).toBeGreaterThan(2);
});

test("an older version's database is brought up to date", async () => {
  await using dir = await folder();
  const id = crypto.randomUUID();
  withDatabase(dir.db, (db) => {
    for (const step of MIGRATIONS.slice(0, 1)) db.run(step);
    db.run(`PRAGMA user_version = 1; PRAGMA application_id = ${APPLICATION_ID}`);
    db.run("INSERT INTO workspaces (id, name, status, created_at) VALUES (?, 'old', 'online', 1)", [
      id,
    ]);
  });
  await using at = await lab({ db: dir.db });
  expect((await at.show({ id })).name).toBe("old");
  expect(await at.orgToken()).toMatch(/^[\w-]{43}$/);
  expect((await at.post(`/workspaces/${id}/pause`, { token: at.admin })).status).toBe(200);
  const listed = await at.get(`/workspaces/${id}/delegations`, { token: at.admin });
  expect(listed.body).toEqual([]);
});

withModes("the files are readable by their owner alone", async () => {
  await using dir = await folder();
  await using at = await lab({ db: dir.db });
  await at.member("agent");
  const names = await readdir(dir.path);
  expect(names.sort()).toEqual(["dev.db", "dev.db-shm", "dev.db-wal"]);
  for (const name of names) {
    expect((await stat(join(dir.path, name))).mode & 0o777).toBe(0o600);
  }
});

test.each<[string, (path: string) => unknown, RegExp, RegExp]>([
  [
    "a text",
    (path) => Bun.write(path, "just some notes that are long enough to be read as a header"),
    /is not a database of molecule dev/,
    /--db/,
  ],
  [
    "another program's database",
    (path) => withDatabase(path, (db) => db.run("CREATE TABLE notes (text)")),
    /is not a database of molecule dev/,
    /--db/,
  ],
  [
    "a newer version's database",
    (path) => {
      openDatabase(path, clock).close();
      withDatabase(path, (db) => db.run("PRAGMA user_version = 99"));
    },
    /newer version/,
    /upgrade/,
  ],
  ["a folder", (path) => mkdir(path), /cannot open the database/, /--db/],
])("%s is refused and left as it is", async (_, make, message, hint) => {
  await using dir = await folder();
  await make(dir.db);
  const before = await contents(dir.db);
  const error = refusal(() => openDatabase(dir.db, clock));
  expect(error).toMatchObject({ name: "MoleculeError" });
  expect(error.message).toMatch(message);
  expect(error.message).toContain(dir.db);
  expect(error.hint).toMatch(hint);
  expect(await contents(dir.db)).toEqual(before);
});

test("a file in a folder that is not there is refused", async () => {
  await using dir = await folder();
  const path = join(dir.path, "none", "dev.db");
  const error = refusal(() => openDatabase(path, clock));
  expect(error.message).toStartWith(`cannot make the database ${path}`);
});

function withDatabase(path: string, work: (db: Database) => void): void {
  const db = new Database(path);
  work(db);
  db.close();
}

function refusal(work: () => unknown): any {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}

async function contents(path: string): Promise<string> {
  return Bun.file(path)
    .text()
    .catch(() => "");
}
