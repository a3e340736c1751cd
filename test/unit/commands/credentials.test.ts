/** Tokens that others can read are told of, whosever they are. */
import { expect, setDefaultTimeout } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bareEnv, onPosix } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab } from "../dev/lab.ts";

const { test } = onPosix("Windows has no modes of files");

setDefaultTimeout(60_000);

const MAIN = join(import.meta.dir, "..", "..", "..", "src", "main.ts");

const OPEN = "others on this machine can read the token file";

test.each([
  ["--api-token", (token: string) => ["--api-token", token], "--api-token can be read by others"],
  ["--token", (token: string) => ["--token", token], "--token can be read by others"],
  ["--api-token-file", (_: string, file: string) => ["--api-token-file", file], OPEN],
  ["--token-file", (_: string, file: string) => ["--token-file", file], OPEN],
])("%s is warned of once, however many calls the command makes", async (_, given, words) => {
  await using at = await lab();
  await at.member("reader");
  using home = tmpFolder();
  const file = join(home.path, "open.token");
  writeFileSync(file, at.admin, { mode: 0o644 });
  const argv = ["workspace", "inspect", "reader", "--api-url", at.platform.url];
  const child = Bun.spawn([process.execPath, MAIN, ...argv, ...given(at.admin, file)], {
    cwd: home.path,
    env: bareEnv(home.path),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect(out).toContain("reader");
  expect(err.split(words)).toHaveLength(2);
  expect(err).not.toContain(at.admin);
});
