/** A look at what a bridge keeps, from outside. */
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspectCursor, inspectDatabase, keptIn } from "../../../src/store/inspection.ts";
import { LocalStore, pathsOf } from "../../../src/store/local.ts";
import { whoHolds } from "../../../src/store/lock.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const ID = "11111111-1111-4111-8111-111111111111";

async function openStore(folder: string): Promise<LocalStore> {
  const store = new LocalStore(folder, ID);
  await store.lock.take();
  await store.open();
  return store;
}

test("where nothing is kept there is nothing to see, and nothing is made", async () => {
  using folder = tmpFolder();
  expect(await inspectCursor(folder.path, ID)).toBeUndefined();
  expect(inspectDatabase(folder.path, ID)).toBeUndefined();
  const { lock, holder } = pathsOf(folder.path, ID);
  expect(await whoHolds(lock, holder)).toBeUndefined();
  expect(keptIn(join(folder.path, "not-there"))).toEqual([]);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a database that was closed well gets no files beside it", async () => {
  using folder = tmpFolder();
  await (await openStore(folder.path)).close();
  const before = readdirSync(folder.path).sort();
  expect(inspectDatabase(folder.path, ID)).toEqual({ deadLetters: 0, unsettled: 0, isOld: false });
  expect(readdirSync(folder.path).sort()).toEqual(before);
});

test("one whose bridge crashed is read with the log that lies beside it", async () => {
  using folder = tmpFolder();
  using copy = tmpFolder();
  const store = await openStore(folder.path);
  try {
    // What a power cut leaves: all of it is in the log, and nothing in the file.
    for (const name of readdirSync(folder.path).filter((one) => one.startsWith(`${ID}.db`))) {
      copyFileSync(join(folder.path, name), join(copy.path, name));
    }
  } finally {
    await store.close();
  }
  expect(existsSync(join(copy.path, `${ID}.db-wal`))).toBe(true);
  expect(inspectDatabase(copy.path, ID)).toEqual({ deadLetters: 0, unsettled: 0, isOld: false });
});

test("a file that a bridge had just made as it crashed is an old one without messages", () => {
  using folder = tmpFolder();
  writeFileSync(pathsOf(folder.path, ID).database, "");
  expect(inspectDatabase(folder.path, ID)).toEqual({ deadLetters: 0, unsettled: 0, isOld: true });
});

test("the holder of the lock is told, and nobody once it is free", async () => {
  using folder = tmpFolder();
  const { lock, holder } = pathsOf(folder.path, ID);
  const store = await openStore(folder.path);
  expect(await whoHolds(lock, holder)).toMatchObject({ holder: { pid: process.pid } });
  writeFileSync(holder, "nonsense");
  expect(await whoHolds(lock, holder)).toEqual({ holder: undefined });
  await store.close();
  expect(await whoHolds(lock, holder)).toBeUndefined();
});

test("a lock without a name beside it is not touched: a bridge may just be taking it", async () => {
  using folder = tmpFolder();
  const { lock, holder } = pathsOf(folder.path, ID);
  const store = await openStore(folder.path);
  rmSync(holder);
  expect(await whoHolds(lock, holder)).toBeUndefined();
  await store.close();
});

test("the workspaces of a folder are known by their files, and what else lies there is not", () => {
  using folder = tmpFolder();
  for (const name of [
    "a.json",
    "a.db",
    "b.token",
    "c.holder.json",
    "c.lock.db",
    ".d.json",
    "e.txt",
  ]) {
    writeFileSync(join(folder.path, name), "");
  }
  expect(keptIn(folder.path)).toEqual([
    { workspaceId: "a", hasToken: false },
    { workspaceId: "b", hasToken: true },
  ]);
});
