import { expect, setDefaultTimeout, test } from "bun:test";
import { openSync, closeSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onlyWhere } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

setDefaultTimeout(60_000);

const PROGRAM = join(import.meta.dir, "programs", "input.ts");
const TEXT = `several\nlines & "größe" 🙂\r\n`;

function start<In extends "pipe" | "ignore" | number>(stdin: In) {
  return Bun.spawn([process.execPath, PROGRAM], { stdin, stdout: "pipe", stderr: "pipe" });
}

test("standard input is read to its end from a pipe, however late its parts come", async () => {
  const child = start("pipe");
  child.stdin.write(TEXT);
  await child.stdin.flush();
  // Long enough for a program that does not wait to have ended.
  await start("ignore").exited;
  child.stdin.write(TEXT);
  await child.stdin.end();
  expect(await child.stdout.text()).toBe(JSON.stringify(TEXT + TEXT));
  expect(await child.exited).toBe(0);
});

/** Runs the words behind it with a non-blocking pipe for standard input, and passes its own on to that. */
const UNBLOCKED = `import os, sys
r, w = os.pipe()
os.set_blocking(r, False)
pid = os.fork()
if pid == 0:
    os.close(w)
    os.dup2(r, 0)
    os.execv(sys.argv[1], sys.argv[1:])
os.close(r)
while True:
    part = os.read(0, 65536)
    if not part: break
    os.write(w, part)
os.close(w)
sys.exit(os.waitpid(pid, 0)[1] >> 8)`;

onlyWhere(Bun.which("python3") !== null, "there is no python3").test(
  "standard input is read to its end from a pipe that somebody has made non-blocking",
  async () => {
    const words = ["python3", "-c", UNBLOCKED, process.execPath, PROGRAM];
    const child = Bun.spawn(words, { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
    await child.stderr.getReader().read();
    // Long enough for it to have found the pipe empty, which is no end of it.
    await start("ignore").exited;
    child.stdin.write(TEXT);
    await child.stdin.end();
    expect(await child.stdout.text()).toBe(JSON.stringify(TEXT));
    expect(await child.exited).toBe(0);
  },
);

test("standard input is read to its end from a file", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "input");
  writeFileSync(path, TEXT);
  const file = openSync(path, "r");
  const child = start(file);
  expect(await child.stdout.text()).toBe(JSON.stringify(TEXT));
  expect(await child.exited).toBe(0);
  closeSync(file);
});

test("no standard input is an empty text", async () => {
  const child = start("ignore");
  expect(await child.stdout.text()).toBe('""');
  expect(await child.exited).toBe(0);
});
