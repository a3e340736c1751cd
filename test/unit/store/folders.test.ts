import { describe, expect, test } from "bun:test";
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "../../../src/shared/errors.ts";
import { LocalFolders } from "../../../src/store/folders.ts";
import { asNobody } from "../../harness/nobody.ts";
import { canMount, smallDisk } from "../../harness/small-disk.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { failure } from "./support.ts";
import { onLinks } from "../../harness/links.ts";
import { onPosix, WINDOWS } from "../../harness/platform.ts";

const pipes = onPosix("Windows has no named pipes of this kind").test;

const linked = onLinks().test;

const ID = "aaaaaaaa-0000-4000-8000-000000000001";
const OTHER_ID = "aaaaaaaa-0000-4000-8000-000000000002";
const bytes = (text: string) => new TextEncoder().encode(text);
/** Windows has no modes, so there is nothing that could be wrong with them. */
async function expectMode(path: string, mode: number): Promise<void> {
  if (!WINDOWS) expect((await stat(path)).mode & 0o777).toBe(mode);
}

/** The folders in a temporary folder, which goes at the end of the scope. */
function folders() {
  const folder = tmpFolder();
  const root = join(folder.path, "ws.files");
  const files = new LocalFolders(root);
  return { files, root, folder, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe("what came with a message", () => {
  test("is kept for its owner alone, in a folder that is made with it", async () => {
    using at = folders();
    expect(await at.files.received(ID, "a.txt")).toBeUndefined();
    expect(await at.files.list()).toEqual([]);
    expect(await readdir(at.folder.path)).toEqual([]);
    const kept = await at.files.receive(ID, "a.txt", async (sink) => {
      await sink(bytes("one "));
      await sink(bytes("two"));
    });
    expect(kept).toEqual({ path: join(at.root, ID, "in", "a.txt"), name: "a.txt", size: 7 });
    expect(await readFile(kept.path, "utf8")).toBe("one two");
    expect(await at.files.received(ID, "a.txt")).toEqual(kept);
    await expectMode(kept.path, 0o600);
    for (const path of [at.root, join(at.root, ID), join(at.root, ID, "in")]) {
      await expectMode(path, 0o700);
    }
    expect(await at.files.list()).toEqual([ID]);
  });

  test("is not there until it is whole, and leaves nothing where it never is", async () => {
    using at = folders();
    const cut = new Error("cut");
    const receiving = at.files.receive(ID, "a.txt", async (sink) => {
      await sink(bytes("half"));
      expect(await at.files.received(ID, "a.txt")).toBeUndefined();
      throw cut;
    });
    expect(await receiving.catch((error: unknown) => error)).toBe(cut);
    expect(await at.files.received(ID, "a.txt")).toBeUndefined();
    expect(await readdir(join(at.root, ID, "in"))).toEqual([]);
  });

  linked(
    "is fetched anew where a process died over it, through no link that lies in its place",
    async () => {
      using at = folders();
      const folder = join(at.root, ID, "in");
      await mkdir(folder, { recursive: true });
      await writeFile(join(at.folder.path, "other"), "mine");
      await symlink(join(at.folder.path, "other"), join(folder, ".a.txt.part"));
      await symlink(join(at.folder.path, "other"), join(folder, "a.txt"));
      expect(await at.files.received(ID, "a.txt")).toBeUndefined();
      await at.files.receive(ID, "a.txt", (sink) => sink(bytes("new")));
      expect(await readFile(join(folder, "a.txt"), "utf8")).toBe("new");
      expect(await readFile(join(at.folder.path, "other"), "utf8")).toBe("mine");
    },
  );

  test.each(["../a", "a/b", "..", ".a", "", "a\u0000"])(
    "has no other name than a safe one: %j",
    async (name) => {
      using at = folders();
      await failure(at.files.receive(ID, name, async () => {}));
      await failure(at.files.received(ID, name));
    },
  );

  test.each(["con .txt", `${"a".repeat(190)}.b`])("takes any other name: %j", async (name) => {
    using at = folders();
    await at.files.receive(ID, name, (sink) => sink(bytes("x")));
    expect(await at.files.received(ID, name)).toMatchObject({ name, size: 1 });
    await failure(at.files.receive(ID, "ü".repeat(101), async () => {}));
  });

  test.skipIf(!canMount)("names the file and says why where the disk is full", async () => {
    using disk = smallDisk();
    const files = new LocalFolders(join(disk.path, "ws.files"));
    const error = await failure(
      files.receive(ID, "a.txt", (sink) => sink(new Uint8Array(1024 * 1024))),
    );
    expect(error.message).toContain(join(ID, "in", "a.txt"));
    expect(codeOf(error.cause)).toBe("ENOSPC");
    expect(await readdir(join(disk.path, "ws.files", ID, "in"))).toEqual([]);
  });
});

test.each(["..", "../x", "", ".x", "a/b"])("an id is no path: %j", async (id) => {
  using at = folders();
  await failure(at.files.receive(id, "a", async () => {}));
  await failure(at.files.remove(id));
  await failure(at.files.answerFolder(id, true));
  await failure(at.files.owe(ID, id));
});

test("uploads that are owed are known to the next process, each once", async () => {
  using at = folders();
  expect(await at.files.owed(ID)).toEqual([]);
  await at.files.owe(ID, "f2");
  await at.files.owe(ID, "f1");
  await at.files.owe(ID, "f2");
  expect(await new LocalFolders(at.root).owed(ID)).toEqual(["f1", "f2"]);
});

describe("the answer's folder", () => {
  linked(
    "gives the regular files that were left there, in order, and no links or hidden ones",
    async () => {
      using at = folders();
      expect(await at.files.answerFiles(ID)).toEqual([]);
      const folder = await at.files.answerFolder(ID, false);
      expect(await realpath(folder)).toBe(folder);
      await expectMode(folder, 0o700);
      await mkdir(join(folder, "a"));
      await mkdir(join(folder, ".git"));
      await writeFile(join(folder, "a", "c.txt"), "c");
      await writeFile(join(folder, ".git", "d.txt"), "d");
      await writeFile(join(folder, "z.txt"), "zz");
      await writeFile(join(folder, "b.txt"), "");
      await writeFile(join(folder, ".DS_Store"), "x");
      await writeFile(join(at.folder.path, "secret"), "s");
      await symlink(join(at.folder.path, "secret"), join(folder, "linked.txt"));
      await symlink(at.folder.path, join(folder, "elsewhere"));
      expect(await at.files.answerFiles(ID)).toEqual([
        { path: join(folder, "b.txt"), name: "b.txt", size: 0 },
        { path: join(folder, "z.txt"), name: "z.txt", size: 2 },
        { path: join(folder, "a", "c.txt"), name: "c.txt", size: 1 },
      ]);
    },
  );

  test("keeps what is in it, unless it is to be empty", async () => {
    using at = folders();
    const folder = await at.files.answerFolder(ID, true);
    await writeFile(join(folder, "a.txt"), "a");
    expect(await at.files.answerFolder(ID, false)).toBe(folder);
    expect(await readdir(folder)).toEqual(["a.txt"]);
    expect(await at.files.answerFolder(ID, true)).toBe(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  test("is not looked through for ever", async () => {
    using at = folders();
    const folder = await at.files.answerFolder(ID, true);
    for (let n = 0; n < 1_100; n++) await writeFile(join(folder, `${n}`), "");
    expect((await at.files.answerFiles(ID)).length).toBe(1_000);
  });

  test("takes copies of what lies elsewhere, which don't change with it and are not found in it", async () => {
    using at = folders();
    const other = join(at.folder.path, "a.txt");
    await writeFile(other, "before", { mode: 0o644 });
    const copies = [await at.files.copy(ID, other), await at.files.copy(ID, other)];
    await writeFile(other, "after it");
    expect(copies).toMatchObject([
      { name: "a.txt", size: 6 },
      { name: "a.txt", size: 6 },
    ]);
    expect(new Set(copies.map(({ path }) => path)).size).toBe(2);
    for (const { path } of copies) {
      expect(await readFile(path, "utf8")).toBe("before");
      await expectMode(path, 0o600);
    }
    expect(await at.files.answerFiles(ID)).toEqual([]);
    await failure(at.files.copy(ID, join(at.folder.path, "none")));
  });

  linked("copies its files only from within it, whatever stands in their way", async () => {
    using at = folders();
    const secret = join(at.folder.path, "secret");
    await mkdir(secret);
    await writeFile(join(secret, "a"), "s");
    const folder = await at.files.answerFolder(ID, true);
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "sub", "a"), "mine");
    await symlink(secret, join(folder, "way"));
    await symlink("sub", join(folder, "inner"));
    await symlink(join(secret, "a"), join(folder, "link"));
    for (const way of ["way/a", "link", "sub", "none"]) {
      await failure(at.files.copy(ID, join(folder, way)));
    }
    for (const way of ["sub/a", "inner/a"]) {
      const { path } = await at.files.copy(ID, join(folder, way));
      expect(await readFile(path, "utf8")).toBe("mine");
    }
    expect(await readdir(join(at.root, ID, "copies"))).toHaveLength(2);
  });

  linked("is no link that a program puts in its place", async () => {
    using at = folders();
    const elsewhere = join(at.folder.path, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "a"), "s");
    const folder = await at.files.answerFolder(ID, true);
    const swap = async () => {
      await rm(folder, { recursive: true });
      await symlink(elsewhere, folder);
    };
    await swap();
    expect(await at.files.answerFiles(ID)).toEqual([]);
    await failure(at.files.copy(ID, join(folder, "a")));
    // Nor is the next run sent there.
    for (const empty of [false, true]) {
      expect(await at.files.answerFolder(ID, empty)).toBe(folder);
      expect(await readdir(folder)).toEqual([]);
      await swap();
    }
    expect(await readdir(elsewhere)).toEqual(["a"]);
  });

  pipes("waits for no writer of a pipe", async () => {
    using at = folders();
    const pipe = join(await at.files.answerFolder(ID, true), "pipe");
    expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
    await failure(at.files.copy(ID, pipe));
  });

  linked("is read only where it is a regular file, and a copy of this message", async () => {
    using at = folders();
    const path = join(at.folder.path, "a.txt");
    await writeFile(path, "text");
    const { path: copy } = await at.files.copy(ID, path);
    expect(await (await at.files.read(ID, copy))?.text()).toBe("text");
    const copies = dirname(copy);
    await symlink(path, join(copies, "link"));
    await symlink(at.folder.path, join(copies, "out"));
    const { path: of } = await at.files.copy(OTHER_ID, path);
    // A path from a store that others may write leads nowhere else.
    const others = ["link", ".", "none", "out/a.txt", "../../../a.txt"].map(
      (name) => `${copies}/${name}`,
    );
    for (const other of [...others, path, of]) {
      expect([other, await at.files.read(ID, other)]).toEqual([other, undefined]);
    }
  });
});

test("a folder is removed whole, whatever an agent did to it, and twice is as good as once", async () => {
  using _ = asNobody();
  using ours = tmpFolder();
  const files = new LocalFolders(join(ours.path, "ws.files"));
  const folder = await files.answerFolder(ID, true);
  await mkdir(join(folder, "locked"));
  await writeFile(join(folder, "locked", "a.txt"), "");
  await chmod(join(folder, "locked"), 0o500);
  await files.owe(ID, "f1");
  await files.owe("other", "f2");
  expect(await files.has(ID)).toBe(true);
  await files.remove(ID);
  expect(await files.has(ID)).toBe(false);
  expect(await files.list()).toEqual(["other"]);
  await files.remove(ID);
});

const isRoot = process.geteuid?.() === 0;

test.skipIf(!isRoot)("what nobody of ours can remove is set aside, once and for all", async () => {
  using ours = tmpFolder();
  await chmod(ours.path, 0o777);
  const root = join(ours.path, "ws.files");
  const files = new LocalFolders(root);
  {
    using _ = asNobody();
    await mkdir(join(await files.answerFolder(ID, true), "deep"));
  }
  // As a container's root leaves it.
  const deep = join(root, ID, "out", "deep");
  await writeFile(join(deep, "a"), "x");
  await chown(deep, 0, 0);
  using _ = asNobody();
  const folder = await files.answerFolder(ID, true);
  expect(await readdir(folder)).toEqual([]);
  await writeFile(join(folder, "b"), "x");
  expect((await files.answerFiles(ID)).map(({ name }) => name)).toEqual(["b"]);
  const error = await failure(files.remove(ID));
  expect(error.message).toContain(`can't be removed; it is ${join(root, `.${ID}.`)}`);
  expect([await files.has(ID), await files.list()]).toEqual([false, []]);
  await files.remove(ID);
});

test("what is kept of a message is measured and can be given up, kind by kind", async () => {
  using at = folders();
  const { files } = at;
  expect([await files.bytes(ID), await files.changedAt(ID)]).toEqual([0, undefined]);
  await files.receive(ID, "a", (sink) => sink(bytes("12345")));
  await files.owe(ID, "f1");
  const out = await files.answerFolder(ID, true);
  await writeFile(join(out, "b"), "123");
  const copy = await files.copy(ID, join(out, "b"));
  expect(await files.bytes(ID)).toBe(8);
  expect([await files.has(ID, "received"), await files.has(ID, "left")]).toEqual([true, true]);
  await files.discard(ID, "left");
  expect([await files.has(ID, "received"), await files.has(ID, "left")]).toEqual([true, false]);
  await files.discard(ID, "received");
  expect([await files.bytes(ID), await files.owed(ID)]).toEqual([3, []]);
  expect(await readFile(copy.path, "utf8")).toBe("123");
  for (const name of ["", "copies"]) await utimes(join(at.root, ID, name), 0, 1_000);
  expect(await files.changedAt(ID)).toBe(1_000_000);
  await files.discard(ID, "received");
});
