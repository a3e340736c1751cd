import { Database } from "bun:sqlite";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { StoreDatabase } from "../../../src/store/database.ts";
import { asNobody } from "../../harness/nobody.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { asking, failure, openStore } from "./support.ts";
import { onPosix } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

const pathIn = (folder: string) => join(folder, `${WORKSPACE}.db`);

function openDatabase(folder: string): StoreDatabase & Disposable {
  const database = new StoreDatabase(pathIn(folder));
  database.open();
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

const put = (key: string) => (sql: { run(query: string, key: string): number }) =>
  sql.run("INSERT INTO memory (key, value) VALUES (?, '')", key);

const keys = (database: StoreDatabase) =>
  database.read((sql) => sql.all<{ key: string }>("SELECT key FROM memory ORDER BY rowid"));

describe("writes", () => {
  test("of one turn stand or fall alone: each has its own end", async () => {
    using folder = tmpFolder();
    using database = openDatabase(folder.path);
    const ends = await Promise.allSettled([
      database.write(put("a")),
      database.write((sql) => {
        put("half")(sql);
        throw new Error("no");
      }),
      database.write(put("a")),
      database.write(put("b"), true),
    ]);
    expect(ends.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect((ends[1] as PromiseRejectedResult).reason.message).toContain("no");
    expect((ends[2] as PromiseRejectedResult).reason.message).toContain("UNIQUE");
    expect(keys(database)).toEqual([{ key: "a" }, { key: "b" }]);
  });

  test("of one turn are one commit", async () => {
    using folder = tmpFolder();
    using database = openDatabase(folder.path);
    using watcher = openDatabase(folder.path);
    const version = () => watcher.changed();
    version();
    await Promise.all(["a", "b", "c"].map((key) => database.write(put(key))));
    expect(watcher.read((sql) => sql.all("SELECT 1 FROM memory"))).toHaveLength(3);
    expect(version()).toBe(true);
    expect(version()).toBe(false);
  });

  test("are seen by whatever reads after them", () => {
    using folder = tmpFolder();
    using database = openDatabase(folder.path);
    void database.write(put("a"));
    expect(keys(database)).toEqual([{ key: "a" }]);
  });

  test("are done before the file is closed", () => {
    using folder = tmpFolder();
    const database = openDatabase(folder.path);
    void database.write(put("a"));
    database.close();
    using next = openDatabase(folder.path);
    expect(keys(next)).toEqual([{ key: "a" }]);
  });

  test("are flushed to the disk where one of their batch is durable, and only there", async () => {
    using folder = tmpFolder();
    using database = openDatabase(folder.path);
    const mode = () => (sql: { get<T>(query: string): T | undefined }) =>
      sql.get<{ synchronous: number }>("PRAGMA synchronous")?.synchronous;
    expect(await database.write(mode())).toBe(1);
    expect(await Promise.all([database.write(mode()), database.write(mode(), true)])).toEqual([
      2, 2,
    ]);
    expect(await database.write(mode())).toBe(1);
  });

  test("that are durable leave something to flush, also where they change nothing", async () => {
    using folder = tmpFolder();
    using database = openDatabase(folder.path);
    using watcher = openDatabase(folder.path);
    watcher.changed();
    await database.write(() => {}, false);
    expect(watcher.changed()).toBe(false);
    await database.write(() => {}, true);
    expect(watcher.changed()).toBe(true);
  });

  test("and reads after the end say that it is not open", async () => {
    using folder = tmpFolder();
    const database = openDatabase(folder.path);
    database.close();
    expect((await failure(database.write(put("a")))).message).toContain("is not open");
    expect(() => keys(database)).toThrow(`the database ${pathIn(folder.path)} is not open`);
  });
});

describe("a database that can't be used", () => {
  test("because it is damaged is named, and left as it is", async () => {
    using folder = tmpFolder();
    const store = await openStore(folder.path);
    await store.journal.admit(
      Array.from({ length: 200 }, (_, n) => asking(n)),
      undefined,
    );
    await store.close();
    const bytes = await readFile(pathIn(folder.path));
    bytes.fill(0xff, 4_096);
    await writeFile(pathIn(folder.path), bytes);
    const error = await failure(openStore(folder.path));
    expect(error.message).toContain(pathIn(folder.path));
    expect(error.hint).toContain("It is damaged. Move it away: no message is lost by that");
  });

  test("because it is something else is named, and left as it is", async () => {
    using folder = tmpFolder();
    await writeFile(pathIn(folder.path), "something else, ".repeat(1_000));
    const error = await failure(openStore(folder.path));
    expect(error.message).toContain(pathIn(folder.path));
    expect(error.hint).toContain("It is not a database. Move it away");
    expect(await readFile(pathIn(folder.path), "utf8")).toBe("something else, ".repeat(1_000));
  });

  test("because it is another program's is named, and left as it is", async () => {
    using folder = tmpFolder();
    const theirs = new Database(pathIn(folder.path));
    theirs.run("CREATE TABLE theirs (a)");
    theirs.close();
    const before = await readFile(pathIn(folder.path));
    const error = await failure(openStore(folder.path));
    expect(error.message).toContain(`${pathIn(folder.path)} was made by another program`);
    expect((await readFile(pathIn(folder.path))).equals(before)).toBe(true);
  });

  test("because a newer version wrote it is named, with what to do", async () => {
    using folder = tmpFolder();
    await (await openStore(folder.path)).close();
    const newer = new Database(pathIn(folder.path));
    newer.run("PRAGMA user_version = 1000");
    newer.close();
    const error = await failure(openStore(folder.path));
    expect(error.message).toContain(`${pathIn(folder.path)} was written by a newer version`);
    expect(error.hint).toContain("Upgrade molecule");
  });

  test("because a folder stands in its place is named", async () => {
    using folder = tmpFolder();
    await mkdir(pathIn(folder.path));
    const error = await failure(openStore(folder.path));
    expect(error.message).toContain(pathIn(folder.path));
    expect(error.hint).toContain("A folder may stand in its place");
  });

  withModes.each([0o444, 0])("because its mode is %o is named", async (mode) => {
    using folder = tmpFolder();
    await chmod(folder.path, 0o777);
    using _ = asNobody();
    await (await openStore(folder.path)).close();
    await chmod(pathIn(folder.path), mode);
    const error = await failure(openStore(folder.path));
    expect(error.message).toContain(pathIn(folder.path));
    expect(error.hint).toContain("Give this user the right to it");
  });

  test("because another program holds it is named, and a later write succeeds", async () => {
    using folder = tmpFolder();
    using database = openDatabase(folder.path);
    await database.write((sql) => sql.all("SELECT 1"));
    database.read((sql) => sql.all("PRAGMA busy_timeout = 1"));
    const other = new Database(pathIn(folder.path));
    other.run("BEGIN IMMEDIATE");
    const error = await failure(database.write(put("a")));
    expect(error.message).toContain(pathIn(folder.path));
    expect(error.hint).toContain("Another program holds it");
    other.run("ROLLBACK");
    other.close();
    await database.write(put("a"));
    expect(keys(database)).toEqual([{ key: "a" }]);
  });
});
