import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { StoreDatabase } from "../../../src/store/database.ts";
import { LocalStore } from "../../../src/store/local.ts";
import { EMPTY_CURSOR } from "../../../src/store/store.ts";
import { asNobody } from "../../harness/nobody.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { canMount, smallDisk } from "../../harness/small-disk.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { asking, CURSOR, failure, openStore, ROW } from "./support.ts";
import { onPosix } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

const stateIn = (folder: string) => join(folder, `${WORKSPACE}.json`);
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe("a store", () => {
  test("takes over from the Go tool, keeps its further keys, and leaves it a file it can read", async () => {
    using folder = tmpFolder();
    const theirs = { workspace_id: WORKSPACE, last_since_id: ROW, version: 3, more: { a: [1] } };
    await writeFile(stateIn(folder.path), JSON.stringify(theirs));
    await using store = await openStore(folder.path);
    expect(await store.loadCursor()).toEqual({ ...EMPTY_CURSOR, lastSinceId: ROW });
    await store.saveCursor({ ...CURSOR, lastSinceId: "next" });
    expect(JSON.parse(await readFile(stateIn(folder.path), "utf8"))).toEqual({
      ...theirs,
      last_since_id: "next",
      settled_id: ROW,
      settled_at: CURSOR.settled?.at,
      window_start: CURSOR.windowStart,
      fetch_from_id: CURSOR.fetchFromId,
    });
  });

  test("flushes the journal before it saves the cursor, so that it is never the older of the two", async () => {
    using folder = tmpFolder();
    await using store = await openStore(folder.path);
    const watcher = new StoreDatabase(join(folder.path, `${WORKSPACE}.db`));
    watcher.open();
    await rm(stateIn(folder.path));
    await mkdir(stateIn(folder.path));
    watcher.changed();
    await failure(store.saveCursor(CURSOR));
    expect(watcher.changed()).toBe(true);
    watcher.close();
  });

  test("proves when it is opened that it can save, before any message is taken", async () => {
    using folder = tmpFolder();
    await using _ = await openStore(join(folder.path, "new", "state"));
    const file = JSON.parse(await readFile(stateIn(join(folder.path, "new", "state")), "utf8"));
    expect(file).toEqual({ workspace_id: WORKSPACE, last_since_id: "" });
  });

  test("never makes a file name of what is no workspace id", () => {
    for (const id of ["", "..", "../a", "a/b", ".a"]) {
      expect(() => new LocalStore("/nowhere", id)).toThrow("not a workspace id");
    }
  });

  withModes(
    "is for its owner alone: folder, state and token, also under an open umask",
    async () => {
      using folder = tmpFolder();
      const path = join(folder.path, "state");
      const umask = process.umask(0);
      try {
        await using store = await openStore(path);
        await store.saveCursor(CURSOR);
        await store.saveToken("tok-1");
        const files = ["db", "db-shm", "db-wal", "holder.json", "json", "lock.db", "token"];
        expect((await readdir(path)).sort()).toEqual(files.map((end) => `${WORKSPACE}.${end}`));
        for (const name of await readdir(path)) expect(await modeOf(join(path, name))).toBe("600");
      } finally {
        process.umask(umask);
      }
      expect(await modeOf(path)).toBe("700");
    },
  );

  test("removes what a crash left when it is opened, of the state and of the token", async () => {
    using folder = tmpFolder();
    const child = Bun.spawn([process.execPath, "-e", ""]);
    await child.exited;
    for (const kind of ["json", "token", "holder.json"]) {
      const name = `.${WORKSPACE}.${kind}.${child.pid}.0.tmp`;
      await writeFile(join(folder.path, name), "half a");
    }
    await using _ = await openStore(folder.path);
    expect((await readdir(folder.path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("a state file that can't be understood", () => {
  test.each([
    ["is empty", ""],
    ["is cut in the middle", `{"workspace_id":"${WORKSPACE}","last_since`],
    ["is not JSON", "last_since_id = x\n"],
    ["is an array", "[]"],
    ["belongs to another workspace", '{"workspace_id":"b","last_since_id":"c"}'],
    ["has a cursor that is no text", `{"workspace_id":"${WORKSPACE}","last_since_id":7}`],
    ["has a time that is none", `{"workspace_id":"${WORKSPACE}","settled_at":"noon"}`],
  ])("because it %s is named, and left byte for byte as it is", async (_, text) => {
    using folder = tmpFolder();
    await writeFile(stateIn(folder.path), text);
    const error = await failure(openStore(folder.path));
    expect(error.message).toStartWith(
      `the state file ${stateIn(folder.path)} can't be understood: it`,
    );
    expect(error.hint).toContain("it is left as it is");
    expect(error.exitCode).toBe(1);
    expect(await readFile(stateIn(folder.path), "utf8")).toBe(text);
  });
});

describe("a state file that can't be read or written", () => {
  test("because a folder stands in its place is named, with what to do", async () => {
    using folder = tmpFolder();
    await mkdir(stateIn(folder.path));
    const error = await failure(openStore(folder.path));
    expect(error.message).toContain(stateIn(folder.path));
    expect(error.message).toContain("EISDIR");
    expect(error.hint).toContain("A folder stands in its place");
    const token = join(folder.path, `${WORKSPACE}.token`);
    await mkdir(token);
    const untold = await failure(new LocalStore(folder.path, WORKSPACE).saveToken("tok-1"));
    const why = `no token can be kept in ${token}: it is no regular file`;
    expect(untold.message).toBe(why);
    const unread = await failure(new LocalStore(folder.path, WORKSPACE).loadToken());
    expect(unread.message).toBe(why);
    expect(await readdir(folder.path)).toHaveLength(3);
  });

  withModes("because it may not be read is named", async () => {
    using folder = tmpFolder();
    await writeFile(stateIn(folder.path), `{"workspace_id":"${WORKSPACE}"}`);
    await chmod(stateIn(folder.path), 0);
    await chmod(folder.path, 0o777);
    using _ = asNobody();
    const error = await failure(openStore(folder.path));
    expect(error.message).toBe(`the file ${stateIn(folder.path)} can't be read (EACCES)`);
    expect(error.hint).toContain("Give this user the right to it");
  });

  withModes(
    "because its folder may not be written is named, and is read all the same",
    async () => {
      using folder = tmpFolder();
      await writeFile(stateIn(folder.path), `{"workspace_id":"${WORKSPACE}"}`);
      await chmod(stateIn(folder.path), 0o644);
      await chmod(folder.path, 0o555);
      using _ = asNobody();
      const error = await failure(openStore(folder.path));
      expect(error.message).toContain(`${WORKSPACE}.lock.db can't be made (EACCES)`);
      expect(error.hint).toContain("--state-dir");
      const store = new LocalStore(folder.path, WORKSPACE);
      expect(await store.loadCursor()).toEqual(EMPTY_CURSOR);
    },
  );

  test("because a file stands where the folder should be is named", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "file");
    await writeFile(path, "a file");
    for (const state of [path, join(path, "state")]) {
      const error = await failure(openStore(state));
      expect(error.message).toMatch(/^the state folder .* can't be used \((EEXIST|ENOTDIR)\)$/);
      expect(error.message).toContain(state);
      expect(error.hint).toContain("--state-dir");
    }
    expect(await readFile(path, "utf8")).toBe("a file");
  });

  test.skipIf(!canMount)(
    "because its disk is read-only is named (needs root to mount a disk)",
    async () => {
      using disk = smallDisk(2_048);
      await using store = await openStore(disk.path);
      await store.saveCursor(CURSOR);
      await store.close();
      disk.remount("ro");
      const error = await failure(openStore(disk.path));
      expect(error.message).toMatch(/lock.db|holder.json/);
      expect(error.message + error.hint).toMatch(/read-only|EROFS|only be read/);
      expect(await new LocalStore(disk.path, WORKSPACE).loadCursor()).toEqual(CURSOR);
    },
  );

  test.skipIf(!canMount)(
    "because its disk is full keeps its old contents, and is saved again once there is room" +
      " (needs root to mount a disk)",
    async () => {
      using disk = smallDisk(2_048);
      await using store = await openStore(disk.path);
      await store.saveCursor(CURSOR);
      const before = await readFile(stateIn(disk.path), "utf8");
      const filler = join(disk.path, "filler");
      await writeFile(filler, Buffer.alloc(4_096 * 1024)).catch(() => {});
      for (const doomed of [
        () => store.saveCursor(EMPTY_CURSOR),
        () => store.journal.admit([asking(1, "peer", { raw: "x".repeat(100_000) })], undefined),
      ]) {
        const error = await failure(doomed());
        expect(error.message).toContain(disk.path);
        expect(error.hint).toContain("The disk is full");
      }
      expect(await readFile(stateIn(disk.path), "utf8")).toBe(before);
      expect((await readdir(disk.path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      expect(await store.journal.load()).toMatchObject({ waiting: 0, bytes: 0 });
      await writeFile(filler, "");
      await store.saveCursor(EMPTY_CURSOR);
      expect(await store.loadCursor()).toEqual(EMPTY_CURSOR);
      expect(await store.journal.admit([asking(1)], undefined)).toHaveLength(1);
    },
  );
});
