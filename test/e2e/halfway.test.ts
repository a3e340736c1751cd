/** A command that hangs on something which never comes, with nothing else to wait for. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

test("a command that stops halfway is told of, and does not pass for one that is done", async () => {
  using home = tmpFolder();
  // The runtime loads it before the program, whose output is then never written.
  writeFileSync(join(home.path, "hang.ts"), "Bun.write = () => new Promise(() => {});");
  const env = { BUN_OPTIONS: "--preload ./hang.ts" };
  const run = await runToEnd(["--version"], { home: home.path, env });
  expect(run).toMatchObject({ code: 1, killedBy: null, stdout: "" });
  expect(run.stderr).toMatch(
    /^error: internal error: the command stopped halfway, .+\nhint: please report this at https:.+\n$/,
  );
});
