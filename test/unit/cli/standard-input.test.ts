import { expect, setDefaultTimeout, test } from "bun:test";
import { openSync, closeSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
