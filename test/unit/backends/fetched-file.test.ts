import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { FileRef } from "../../../src/a2a/message.ts";
import { readAtMost, readImage, typeOf } from "../../../src/backends/fetched-file.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { anyText } from "./support.ts";
import { onPosix } from "../../harness/platform.ts";

const pipes = onPosix("Windows has no named pipes of this kind").test;

const bare: FileRef = { name: undefined, mimeType: undefined, uri: undefined, size: undefined };

test("its type is what its sender says, or else what its name or its path says", () => {
  const types: [Partial<FileRef>, string][] = [
    [{ mimeType: " Image/PNG; a=B", name: "a.txt" }, "image/png; a=b"],
    [{ name: "a.JSON", path: "/in/a.png" }, "application/json;charset=utf-8"],
    [{ path: "/in/a.png" }, "image/png"],
    [{ name: "a.unheard" }, ""],
    [{ name: "png" }, ""],
    [{}, ""],
  ];
  for (const [file, type] of types) expect(typeOf({ ...bare, ...file })).toBe(type);
});

test("a name that could be no path has a type all the same", () => {
  expect(typeOf({ ...bare, name: "a\0b.png" })).toBe("image/png");
  expect(typeOf({ ...bare, name: `${"x".repeat(100_000)}.png` })).toBe("image/png");
  expect(typeOf({ ...bare, name: `a.${"x".repeat(100_000)}` })).toBe("");
  fc.assert(fc.property(anyText(), (name) => void typeOf({ ...bare, name })));
});

pipes("a file of just the limit is read, and a larger one, or what is none, is not", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "a");
  writeFileSync(path, "four");
  expect((await readAtMost(path, 4))?.toString()).toBe("four");
  expect(await readAtMost(path, 3)).toBeUndefined();
  expect(await readAtMost(undefined, 4)).toBeUndefined();
  expect(await readAtMost(join(folder.path, "gone"), 4)).toBeUndefined();
  expect(await readAtMost(`${path}\0`, 4)).toBeUndefined();
  const inside = join(folder.path, "folder");
  mkdirSync(inside);
  expect(await readAtMost(inside, 1_000_000)).toBeUndefined();
  const pipe = join(folder.path, "pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  expect(await readAtMost(pipe, 4)).toBeUndefined();
});

test("an image is one by its name and by its first bytes, which tell what it is", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "a");
  const gif = { ...bare, mimeType: "image/gif", path };
  const bytes = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  writeFileSync(path, bytes);
  expect(await readImage(gif, 8)).toEqual({ mimeType: "image/png", bytes });
  expect(await readImage(gif, 7)).toBeUndefined();
  expect(await readImage({ ...gif, mimeType: "text/plain" }, 8)).toBeUndefined();
  for (const none of ["", "no image", "RIFF1234WAVE"]) {
    writeFileSync(path, none);
    expect(await readImage(gif, 100)).toBeUndefined();
  }
});
