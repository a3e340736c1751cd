import { Database } from "bun:sqlite";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/shared/clock.ts";
import { LocalStore } from "../../../src/store/local.ts";
import { ManualClock } from "../../harness/clock.ts";
import { asNobody } from "../../harness/nobody.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { failure, openStore } from "./support.ts";
import { onPosix, WINDOWS } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

const HOLD = join(import.meta.dir, "programs", "hold.ts");

/** A process that takes the lock, tells so, and lives until it is killed or its input ends. */
async function holder(folder: string) {
  const child = Bun.spawn([process.execPath, HOLD, folder, WORKSPACE], {
    stdin: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  const told = new TextDecoder().decode(value).trim();
  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  const end = async () => {
    await child.stdin.end();
    return child.exited;
  };
  return { told, pid: child.pid, kill, end, [Symbol.asyncDispose]: kill };
}

const lockOf = (folder: string) => new LocalStore(folder, WORKSPACE).lock;

describe("a workspace that another process holds", () => {
  test("is refused with who holds it, until that one is killed", async () => {
    using folder = tmpFolder();
    await using other = await holder(folder.path);
    expect(other.told).toBe("taken");
    const heldBy = { pid: other.pid, host: hostname(), since: expect.stringMatching(/^20.*Z$/) };
    const lock = lockOf(folder.path);
    expect(await lock.take()).toEqual({ heldBy });
    expect(await lock.take()).toEqual({ heldBy });
    await other.kill();
    expect(await lock.take()).toBe("taken");
    await using third = await holder(folder.path);
    expect(third.told).toBe("held");
    await lock.release();
  });

  test("is free once that one has closed its store", async () => {
    using folder = tmpFolder();
    await using other = await holder(folder.path);
    expect(await lockOf(folder.path).take()).not.toBe("taken");
    expect(await other.end()).toBe(0);
    await using _ = await openStore(folder.path);
  });

  test.each(["", "{", "[]", '{"pid":"7","host":"a","since":"2026-01-01T00:00:00Z"}', '{"pid":7}'])(
    "is refused also where the file of the holder says %j",
    async (text) => {
      using folder = tmpFolder();
      await using _ = await openStore(folder.path);
      await writeFile(join(folder.path, `${WORKSPACE}.holder.json`), text);
      expect(await lockOf(folder.path).take()).toEqual({ heldBy: undefined });
    },
  );
});

describe("a look at the lock by another", () => {
  /** Reads, as `whoHolds` does, until the clock is slept on; and counts how often it was. */
  async function looked(folder: string, ends: boolean) {
    await (await openStore(folder)).close();
    const look = new Database(join(folder, `${WORKSPACE}.lock.db`), { readonly: true });
    look.run("BEGIN");
    look.run("SELECT count(*) FROM sqlite_schema");
    let pauses = 0;
    const sleep = async () => {
      pauses += 1;
      if (ends) look.close();
    };
    const { lock } = new LocalStore(folder, WORKSPACE, { clock: { ...systemClock, sleep } });
    const taken = await lock.take();
    await lock.release();
    look.close();
    return { taken, pauses };
  }

  test("is waited for", async () => {
    using folder = tmpFolder();
    expect(await looked(folder.path, true)).toEqual({ taken: "taken", pauses: 1 });
  });

  test("is not waited for without end", async () => {
    using folder = tmpFolder();
    expect(await looked(folder.path, false)).toEqual({ taken: { heldBy: undefined }, pauses: 4 });
  });
});

test("a second store in one process is refused, and takes nothing from the first by that", async () => {
  using folder = tmpFolder();
  const clock = new ManualClock();
  const store = await openStore(folder.path, { clock });
  expect(await store.lock.take()).toBe("taken");
  const heldBy = { pid: process.pid, host: hostname(), since: "2026-01-01T00:00:00.000000000Z" };
  const second = new LocalStore(folder.path, WORKSPACE);
  expect(await second.lock.take()).toEqual({ heldBy });
  await second.close();
  // In POSIX, a process that closes any handle of a file loses its locks on it.
  await using other = await holder(folder.path);
  expect(other.told).toBe("held");
  await store.close();
  expect(await second.lock.take()).toBe("taken");
  await second.close();
});

test("a lock outlives every reference to its store", async () => {
  using folder = tmpFolder();
  await (async () => void (await openStore(folder.path)))();
  for (let n = 0; n < 5; n++) {
    Bun.gc(true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await using other = await holder(folder.path);
  expect(other.told).toBe("held");
});

describe("a lock file that is none", () => {
  const pathIn = (folder: string) => join(folder, `${WORKSPACE}.lock.db`);

  test("because it is a folder is named", async () => {
    using folder = tmpFolder();
    await mkdir(pathIn(folder.path));
    const error = await failure(lockOf(folder.path).take());
    expect(error.message).toContain(`${pathIn(folder.path)} can't be used`);
    expect(error.hint).toContain("A folder may stand in its place");
  });

  test("because it holds something else is named, and left as it is", async () => {
    using folder = tmpFolder();
    await writeFile(pathIn(folder.path), "something else, ".repeat(100));
    const error = await failure(lockOf(folder.path).take());
    expect(error.message).toContain(pathIn(folder.path));
    expect(error.hint).toContain("It is not a database. Move it away");
    expect(await readFile(pathIn(folder.path), "utf8")).toStartWith("something else, ");
  });

  withModes("because it may not be read is named", async () => {
    using folder = tmpFolder();
    await writeFile(pathIn(folder.path), "");
    await chmod(pathIn(folder.path), 0);
    await chmod(folder.path, 0o777);
    using _ = asNobody();
    const error = await failure(lockOf(folder.path).take());
    expect(error.message).toContain(pathIn(folder.path));
    expect(error.hint).toContain("Give this user the right to it");
  });
});

test("a lock whose holder can't be written down is not kept", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, `${WORKSPACE}.holder.json`);
  await mkdir(path);
  const error = await failure(lockOf(folder.path).take());
  expect(error.message).toBe(`the file ${path} can't be written (${WINDOWS ? "EPERM" : "EISDIR"})`);
  await using other = await holder(folder.path);
  expect(other.told).toBe("failed");
});
