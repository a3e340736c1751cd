/** What lies on the disk: looked at, and left as it is. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../../src/shared/clock.ts";
import { LocalStore } from "../../../../src/store/local.ts";
import { onlyWhere, onPosix, WINDOWS } from "../../../harness/platform.ts";
import { canMount, fill, smallDisk } from "../../../harness/small-disk.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { examined, OTHER, WORKSPACE, type Diagnosis } from "./lab.ts";

const modes = onPosix("the modes of files");

/** The doctor on a folder, without a network. */
function looked(stateDir: string, id: string | undefined = WORKSPACE): Promise<Diagnosis> {
  return examined("http://localhost:1", { id, stateDir, flags: { offline: true } });
}

/** All files with what is in them. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "base64")]),
  );
}

/** A folder as a bridge leaves it. */
async function bridged(folder: string): Promise<LocalStore> {
  const store = new LocalStore(folder, WORKSPACE, { clock: systemClock });
  await store.lock.take();
  await store.open();
  return store;
}

test("a folder that is not there is fine, and is not made", async () => {
  using home = tmpFolder();
  const path = join(home.path, "a", "b");
  const found = await looked(path);
  expect(found.of("state")).toMatchObject({ status: "ok" });
  expect(found.of("state").detail).toContain("not there yet");
  expect(found.of("journal").detail).toBe("nothing is kept of this workspace yet");
  expect(readdirSync(home.path)).toEqual([]);
  expect(found.code).toBe(0);
});

test("a file in its place, or on the way to it, is a failure: exit 1", async () => {
  using home = tmpFolder();
  const path = join(home.path, "file");
  writeFileSync(path, "");
  for (const at of [path, join(path, "below")]) {
    const found = await looked(at);
    expect(found.of("state").status).toBe("failed");
    expect(found.of("journal").detail).toBe("the state folder can't be used");
    expect(found.code).toBe(1);
  }
});

// Whether one may write is asked for the real user, whom a test that root runs can't change.
onlyWhere(!WINDOWS && process.getuid?.() !== 0, "a user whom modes keep out").test(
  "a folder that this user can't write, or make, is a failure",
  async () => {
    using home = tmpFolder();
    const path = join(home.path, "state");
    mkdirSync(path, { mode: 0o500 });
    const found = await looked(path);
    expect(found.of("state").detail).toContain("can't be written by this user");
    expect(found.of("state").hint).toContain("--state-dir");
    const below = await looked(join(path, "other"));
    expect(below.of("state").detail).toContain("can't be made");
    expect(below.code).toBe(1);
  },
);

onlyWhere(canMount, "a disk of its own").test(
  "a disk that may only be read is a failure, whether the folder is there or not",
  async () => {
    using disk = smallDisk();
    chmodSync(disk.path, 0o700);
    disk.remount("ro");
    const found = await looked(disk.path);
    expect(found.of("state").detail).toContain("can't be written by this user");
    expect(found.of("state").hint).toContain("--state-dir");
    const below = await looked(join(disk.path, "other"));
    expect(below.of("state").detail).toContain("can't be made");
    expect(below.code).toBe(1);
  },
);

modes.test("a folder that others may look into is a warning", async () => {
  using home = tmpFolder();
  for (const [mode, words] of [
    [0o755, "others on this machine may read"],
    [0o777, "others on this machine may write"],
  ] as const) {
    chmodSync(home.path, mode);
    const found = await looked(home.path);
    expect(found.of("state").status).toBe("warning");
    expect(found.of("state").detail).toContain(words);
    expect(found.of("state").hint).toContain("chmod 700");
  }
});

onlyWhere(canMount, "a small disk of its own").test(
  "a disk that is full is a failure",
  async () => {
    using disk = smallDisk();
    chmodSync(disk.path, 0o700);
    fill(disk.path);
    const found = await looked(disk.path);
    expect(found.of("state")).toMatchObject({ status: "failed", hint: "Make room on this disk." });
  },
);

test("what a bridge has left is read, and not a byte of it changed", async () => {
  using home = tmpFolder();
  chmodSync(home.path, 0o700);
  const store = await bridged(home.path);
  await store.saveCursor({
    lastSinceId: "aaaaaaaa-0000-4000-8000-000000000001",
    settled: undefined,
    windowStart: undefined,
    fetchFromId: undefined,
  });
  await store.close();
  const before = contents(home.path);
  const found = await looked(home.path);
  expect(found.of("state").detail).toContain(`of 1 workspace: ${WORKSPACE}`);
  expect(found.of("journal").detail).toBe("the cursor is whole; the journal opens, 0 unsettled");
  expect(found.of("bridge").detail).toBe("none runs with this state folder");
  expect(found.code).toBe(0);
  expect(contents(home.path)).toEqual(before);
});

test("a bridge that runs is named, and stays as it is", async () => {
  using home = tmpFolder();
  chmodSync(home.path, 0o700);
  const store = await bridged(home.path);
  try {
    const names = readdirSync(home.path).sort();
    const found = await looked(home.path);
    expect(found.of("bridge").detail).toStartWith(
      `one runs here: process ${process.pid}, since 20`,
    );
    expect(found.of("journal").status).toBe("ok");
    expect(readdirSync(home.path).sort()).toEqual(names);
    expect(store.lock.isHeld).toBe(true);
  } finally {
    await store.close();
  }
});

test("a bridge that crashed is not taken for one that runs", async () => {
  using home = tmpFolder();
  await (await bridged(home.path)).close();
  const holder = { pid: process.pid, host: hostname(), since: "2026-01-01T00:00:00Z" };
  writeFileSync(join(home.path, `${WORKSPACE}.holder.json`), JSON.stringify(holder));
  const found = await looked(home.path);
  expect(found.of("bridge").detail).toBe("none runs with this state folder");
});

test("dead letters are a warning, which says how to see them", async () => {
  using home = tmpFolder();
  await (await bridged(home.path)).close();
  const database = new Database(join(home.path, `${WORKSPACE}.db`));
  database.run("PRAGMA ignore_check_constraints = 1");
  const columns = database
    .query<{ name: string; notnull: number; dflt_value: unknown; pk: number }, []>(
      "SELECT * FROM pragma_table_info('messages')",
    )
    .all()
    .filter(
      ({ notnull, dflt_value, pk, name }) =>
        (notnull && dflt_value === null && !pk) || name === "state",
    )
    .map(({ name }) => name);
  const values = columns.map((name) => (name === "state" ? "'dead'" : "'x'"));
  database.run(`INSERT INTO messages (${columns.join(", ")}) VALUES (${values.join(", ")})`);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  const found = await looked(home.path);
  expect(found.of("journal").status).toBe("warning");
  expect(found.of("journal").detail).toContain("1 message was given up");
  expect(found.of("journal").hint).toContain(`molecule dead-letter list ${WORKSPACE}`);
});

test.each([
  ["that is cut off", `{"workspace_id": "${WORKSPACE}", "last_si`, "it is not JSON"],
  ["that is empty", "", "it is empty"],
  ["of another workspace", `{"workspace_id": "${OTHER}"}`, "it belongs to another workspace"],
])("a cursor file %s is a failure that names it, and is left", async (_, text, words) => {
  using home = tmpFolder();
  const path = join(home.path, `${WORKSPACE}.json`);
  writeFileSync(path, text);
  const found = await looked(home.path);
  expect(found.of("journal").status).toBe("failed");
  expect(found.of("journal").detail).toContain(path);
  expect(found.of("journal").detail).toContain(words);
  expect(readFileSync(path, "utf8")).toBe(text);
  expect(found.code).toBe(1);
});

test.each([
  [
    "is another program's",
    (path: string) => new Database(path).run("CREATE TABLE theirs (a)"),
    "another program",
  ],
  [
    "is of a newer version",
    (path: string) => new Database(path).run("PRAGMA user_version = 9999"),
    "a newer version",
  ],
  ["is no database", (path: string) => writeFileSync(path, "x".repeat(5_000)), "not a database"],
])("a journal that %s is a failure, and is left", async (_, make, words) => {
  using home = tmpFolder();
  const path = join(home.path, `${WORKSPACE}.db`);
  make(path);
  Bun.gc(true);
  const before = contents(home.path);
  const found = await looked(home.path);
  expect(found.of("journal").status).toBe("failed");
  expect(found.of("journal").detail).toContain(path);
  expect(`${found.of("journal").detail} ${found.of("journal").hint}`).toContain(words);
  expect(contents(home.path)).toEqual(before);
});

modes.test("a kept token that others may write is a failure", async () => {
  using home = tmpFolder();
  const path = join(home.path, `${WORKSPACE}.token`);
  writeFileSync(path, "kept-token");
  chmodSync(path, 0o666);
  const found = await looked(home.path);
  expect(found.of("journal").detail).toContain("can be written by others");
  expect(found.stdout).not.toContain("kept-token");
});

test("files of other kinds in the folder are no workspaces", async () => {
  using home = tmpFolder();
  for (const name of [".hidden.json", "note.txt", `${OTHER}.holder.json`, `${OTHER}.lock.db`]) {
    writeFileSync(join(home.path, name), "");
  }
  if (!WINDOWS) chmodSync(home.path, 0o700);
  const found = await looked(home.path, "");
  expect(found.of("state").detail).toContain("empty");
  rmSync(join(home.path, "note.txt"));
});
