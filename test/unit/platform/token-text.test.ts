import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTokenText } from "../../../src/platform/token-text.ts";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { onPosix } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const posix = onPosix("Windows has no pipes among its files").test;

function pipeIn(folder: string): string {
  const path = join(folder, "pipe");
  expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true);
  return path;
}

/** Lets go whoever waits at the pipe. */
function release(path: string): void {
  closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
}

describe("a token file", () => {
  posix("may be a pipe that the token comes through", async () => {
    using folder = tmpFolder();
    const path = pipeIn(folder.path);
    const reading = readTokenText(path);
    const writer = Bun.spawn(["sh", "-c", 'printf "tok-\\n" > "$0"', path]);
    expect(await reading).toBe("tok-\n");
    await writer.exited;
  });

  posix("that is a pipe without another end is not waited for without end", async () => {
    using folder = tmpFolder();
    const path = pipeIn(folder.path);
    const error = await readTokenText(path, undefined, 100).catch((error: unknown) => error);
    release(path);
    expect(error).toBeInstanceOf(MoleculeError);
    expect(String(error)).toContain(`the token file ${path} had no end within 0.1 s`);
  });

  posix("that never ends is not read to its end", async () => {
    await expect(readTokenText("/dev/zero")).rejects.toThrow("far larger than a token");
  });

  test("that is far larger than a token is none", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "large");
    writeFileSync(path, "x".repeat(70_000));
    await expect(readTokenText(path)).rejects.toThrow(`the token file ${path} is far larger`);
  });

  test("of another secret is called what it is", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "large");
    const file = { name: "the store file", holds: "an address" };
    const missing = await readTokenText(path, file).catch((error: unknown) => error);
    expect(String(missing)).toContain(`the store file ${path} can't be read (ENOENT)`);
    expect(missing).toHaveProperty("hint", expect.stringContaining("holds an address and nothing"));
    writeFileSync(path, "x".repeat(70_000));
    await expect(readTokenText(path, file)).rejects.toThrow("is far larger than an address");
  });

  test("that is a folder can't be read", async () => {
    using folder = tmpFolder();
    await expect(readTokenText(folder.path)).rejects.toThrow("can't be read (EISDIR)");
  });
});
