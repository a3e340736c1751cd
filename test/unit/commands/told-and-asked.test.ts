/** Commands as programs of their own: what they read, and what they tell while they work. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bareEnv } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab, type Lab } from "../dev/lab.ts";

setDefaultTimeout(60_000);

const MAIN = join(import.meta.dir, "..", "..", "..", "src", "main.ts");

async function program(at: Lab, ...words: string[]) {
  using home = tmpFolder();
  const file = join(home.path, "admin.token");
  writeFileSync(file, at.admin, { mode: 0o600 });
  const argv = [...words, "--api-url", at.platform.url, "--api-token-file", file];
  const child = Bun.spawn([process.execPath, MAIN, ...argv], {
    cwd: home.path,
    env: bareEnv(home.path),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [err, code] = await Promise.all([child.stderr.text(), child.exited]);
  return { err, code };
}

test("a task that standard input does not hold is a mistake, found before any call", async () => {
  const calls: string[] = [];
  await using at = await lab({ onRequest: ({ path }) => void calls.push(path) });
  const { err, code } = await program(at, "workspace", "delegate", "boss", "reader", "-");
  expect(code).toBe(2);
  expect(err).toContain("standard input holds no task");
  expect(calls).toEqual([]);
});

test("--verbose tells of each call that an operator's command makes", async () => {
  await using at = await lab();
  await at.member("reader");
  const { err, code } = await program(at, "workspace", "list", "-v");
  expect(code).toBe(0);
  expect(err).toMatch(/GET \/workspaces: 200 in \d+ ms/);
});
