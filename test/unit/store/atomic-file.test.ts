import {
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { makeFolder, sweepTemporary, writeAtomic } from "../../../src/store/atomic-file.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { onLinks } from "../../harness/links.ts";
import { onPosix, WINDOWS } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

const synced = onPosix("Windows flushes no folders").test;

const linked = onLinks().test;

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

/** The most permissive umask there is, until the end of the scope. */
function openUmask(): Disposable {
  const before = process.umask(0);
  return { [Symbol.dispose]: () => void process.umask(before) };
}

describe("a file that is written", () => {
  test("has the new contents, and no other file is left", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "a.json");
    for (const text of ["first", "", "a longer one, ä😀\n", "x"]) {
      await writeAtomic(path, text);
      expect(await readFile(path, "utf8")).toBe(text);
    }
    expect(await readdir(folder.path)).toEqual(["a.json"]);
  });

  withModes(
    "is for its owner alone, also under an open umask and where it was not before",
    async () => {
      using folder = tmpFolder();
      using _ = openUmask();
      const path = join(folder.path, "a.json");
      await writeAtomic(path, "a");
      expect(await modeOf(path)).toBe("600");
      const loose = join(folder.path, "b.json");
      await writeFile(loose, "b", { mode: 0o666 });
      await writeAtomic(loose, "c");
      expect(await modeOf(loose)).toBe("600");
    },
  );

  test("is another file each time: who has the old one open reads it to its end", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "a.json");
    await writeAtomic(path, "old");
    const before = await stat(path);
    await writeAtomic(path, "new");
    expect((await stat(path)).ino).not.toBe(before.ino);
  });

  linked("takes the place of a link instead of writing through it", async () => {
    using folder = tmpFolder();
    const victim = join(folder.path, "victim");
    await writeFile(victim, "theirs");
    await symlink(victim, join(folder.path, "a.json"));
    await writeAtomic(join(folder.path, "a.json"), "ours");
    expect(await readFile(victim, "utf8")).toBe("theirs");
    expect(await readFile(join(folder.path, "a.json"), "utf8")).toBe("ours");
  });

  synced("is flushed before it takes the old one's place, and its folder after", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "a.json");
    await writeAtomic(path, "old");
    const flushed: { isFolder: boolean; size: number; standing: string }[] = [];
    const prototype = await fileHandlePrototype(path);
    const { sync } = prototype;
    prototype.sync = async function () {
      const of = await this.stat();
      const standing = await readFile(path, "utf8");
      flushed.push({ isFolder: of.isDirectory(), size: of.size, standing });
      return sync.call(this);
    };
    try {
      await writeAtomic(path, "brand new");
    } finally {
      prototype.sync = sync;
    }
    expect(flushed).toEqual([
      { isFolder: false, size: "brand new".length, standing: "old" },
      { isFolder: true, size: expect.any(Number), standing: "brand new" },
    ]);
  });

  /** Where every open file has its methods from: the place to watch them at. */
  async function fileHandlePrototype(path: string): Promise<FileHandle> {
    await using handle = await open(path);
    return Object.getPrototypeOf(handle) as FileHandle;
  }

  test("is one of the texts where several are written at once, and nothing is left", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "a.json");
    const texts = Array.from({ length: 20 }, (_, n) => String(n).repeat(10_000));
    await Promise.all(texts.map((text) => writeAtomic(path, text)));
    expect(texts).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder.path)).toEqual(["a.json"]);
  });
});

describe("a file that can't be written", () => {
  test("leaves what stood there and no temporary file", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "a.json");
    await mkdir(join(path, "inside"), { recursive: true });
    expect(await writeAtomic(path, "a").catch((e: { code: string }) => e.code)).toBe(
      WINDOWS ? "EPERM" : "EISDIR",
    );
    expect(await readdir(folder.path)).toEqual(["a.json"]);
    expect(await readdir(path)).toEqual(["inside"]);
  });

  test("says so where its folder is missing", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "missing", "a.json");
    expect(await writeAtomic(path, "a").catch((e: { code: string }) => e.code)).toBe("ENOENT");
  });
});

describe("a folder that is made", () => {
  withModes("is for its owner alone", async () => {
    using folder = tmpFolder();
    using _ = openUmask();
    const path = join(folder.path, "a", "b");
    await makeFolder(path);
    expect(await modeOf(path)).toBe("700");
  });

  test("may be there already, and stays as it is", async () => {
    using folder = tmpFolder();
    await writeFile(join(folder.path, "a"), "a");
    await makeFolder(folder.path);
    expect(await readdir(folder.path)).toEqual(["a"]);
  });
});

describe("temporary files", () => {
  /** A process of ours that lives until it is asked to end. */
  function living() {
    const child = Bun.spawn([process.execPath, "-e", "await Bun.stdin.text()"], { stdin: "pipe" });
    const end = async () => {
      await child.stdin.end();
      return child.exited;
    };
    return { pid: child.pid, end };
  }

  test("of dead processes go, those of living ones and all other files stay", async () => {
    using folder = tmpFolder();
    const [alive, dead] = [living(), living()];
    await dead.end();
    const kept = [
      "a.json",
      `.a.json.${alive.pid}.0.tmp`,
      // Alive, and another user's unless we are root.
      ...(WINDOWS || process.pid === 1 ? [] : [".a.json.1.0.tmp"]),
      `.b.json.${dead.pid}.0.tmp`,
      `a.json.${dead.pid}.0.tmp`,
      `.a.json.${dead.pid}.0.bak`,
      ".a.json.tmp",
      ".a.json.word.0.tmp",
      ".a.json.0.0.tmp",
      ".a.json.-1.0.tmp",
    ].sort();
    const swept = [`.a.json.${dead.pid}.0.tmp`, `.a.json.${dead.pid}.17.tmp`];
    for (const name of [...kept, ...swept]) await writeFile(join(folder.path, name), name);
    await sweepTemporary(join(folder.path, "a.json"));
    expect((await readdir(folder.path)).sort()).toEqual(kept);
    // To ask whether it lives must not harm it.
    expect(await alive.end()).toBe(0);
  });

  test("of our own number are a former process's: containers give the same one each time", async () => {
    using folder = tmpFolder();
    await writeFile(join(folder.path, `.a.json.${process.pid}.0.tmp`), "a");
    await sweepTemporary(join(folder.path, "a.json"));
    expect(await readdir(folder.path)).toEqual([]);
  });

  linked("are never written through a link that waits under their name", async () => {
    using folder = tmpFolder();
    const victim = join(folder.path, "victim");
    await writeFile(victim, "theirs");
    const counter = await nextCounter(folder.path);
    await symlink(victim, join(folder.path, `.a.json.${process.pid}.${counter}.tmp`));
    const failed = await writeAtomic(join(folder.path, "a.json"), "ours").catch((e) => e.code);
    expect(failed).toBe("EEXIST");
    expect(await readFile(victim, "utf8")).toBe("theirs");
  });

  /** The number that the next temporary file will have: a write that fails tells its own. */
  async function nextCounter(folder: string): Promise<number> {
    const path = join(folder, "missing", "x");
    const error = await writeAtomic(path, "").catch((e: Error) => e);
    return Number(/\.(\d+)\.tmp/.exec(String(error))?.[1]) + 1;
  }
});
