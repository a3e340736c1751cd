import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeNew } from "../../../src/backends/new-file.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { onPosix, WINDOWS } from "../../harness/platform.ts";
import { onLinks } from "../../harness/links.ts";

const linked = onLinks().test;

const inShell = onPosix("sh sets the limit").test;

test("a new file has its name and its content, and is its owner's alone", async () => {
  using folder = tmpFolder();
  const path = await writeNew(folder.path, "a.txt", "grüße");
  expect(path).toBe(join(folder.path, "a.txt"));
  expect(readFileSync(path, "utf8")).toBe("grüße");
  if (!WINDOWS) expect(statSync(path).mode & 0o777).toBe(0o600);
  const bytes = new Uint8Array([0, 255, 1]);
  expect(await Bun.file(await writeNew(folder.path, "b", bytes)).bytes()).toEqual(bytes);
});

linked("what is there stays as it is, and so does what a link there leads to", async () => {
  using folder = tmpFolder();
  using elsewhere = tmpFolder();
  const target = join(elsewhere.path, "target");
  writeFileSync(join(folder.path, "a.tar.gz"), "old");
  symlinkSync(target, join(folder.path, "a.tar-2.gz"));
  expect(await writeNew(folder.path, "a.tar.gz", "new")).toBe(join(folder.path, "a.tar-3.gz"));
  expect(readFileSync(join(folder.path, "a.tar.gz"), "utf8")).toBe("old");
  expect(readdirSync(elsewhere.path)).toEqual([]);
});

test("what can't be written rejects with the system's reason", async () => {
  using folder = tmpFolder();
  const writing = writeNew(join(folder.path, "gone"), "a", "a");
  await expect(writing).rejects.toMatchObject({ code: "ENOENT" });
});

inShell("of what can't be written whole, nothing stays", async () => {
  using folder = tmpFolder();
  const module = resolve(import.meta.dir, "../../../src/backends/new-file.ts");
  const code = `
    const { writeNew } = await import(${JSON.stringify(module)});
    const writing = writeNew(${JSON.stringify(folder.path)}, "a.png", Buffer.alloc(200_000));
    console.log(await writing.then(() => "written", ({ code }) => code));
  `;
  // A limit of 25 or 50 KiB on a file, as the shell counts its blocks.
  const limited = ["sh", "-c", 'ulimit -f 50; exec "$0" -e "$1"', process.execPath, code];
  const child = Bun.spawn(limited, { stdout: "pipe" });
  expect(await child.stdout.text()).toBe("EFBIG\n");
  expect(readdirSync(folder.path)).toEqual([]);
});
