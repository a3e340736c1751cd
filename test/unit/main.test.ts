/** The program as a whole: what it does about an error that nobody has caught. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bareEnv } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");

/** A command that waits for the platform, and meanwhile something else breaks. */
async function crashed(...words: string[]) {
  using home = tmpFolder();
  const preload = join(home.path, "crash.ts");
  writeFileSync(
    preload,
    `globalThis.fetch = () => {
      setTimeout(() => { throw new Error("it broke over token-1"); });
      return new Promise(() => {});
    };`,
  );
  const argv = ["--preload", preload, MAIN, "workspace", "list", ...words];
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: home.path,
    env: { ...bareEnv(home.path), MOLECULE_API_TOKEN: "token-1", CI: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ out, code: await child.exited }).toEqual({ out: "", code: 1 });
  return err;
}

test("a crash is told in words, with what to do about it", async () => {
  expect(await crashed()).toMatch(
    /^error: internal error: it broke over \[secret\]\nhint: please report this at \S+\/issues\n$/,
  );
});

test("a crash is told as data where that was asked for", async () => {
  const error = {
    message: "internal error: it broke over [secret]",
    hint: expect.stringContaining("please report this at"),
    code: "internal",
    exit_code: 1,
  };
  expect(JSON.parse(await crashed("-o", "json"))).toEqual({ error });
  expect(Bun.YAML.parse(await crashed("-o", "yaml"))).toEqual({ error });
});
