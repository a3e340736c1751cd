/** The folder that is compiled to and measured in: nothing of it may be left over. */
import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../../scripts/set-up.ts";
import { withTempFolder } from "../../scripts/temp-folder.ts";
import { WINDOWS } from "../harness/platform.ts";

test("a folder lasts as long as the work in it, and its result or error is the work's", async () => {
  const seen: string[] = [];
  const use = async (folder: string) => {
    writeFileSync(join(folder, "file"), "");
    seen.push(folder);
    return seen.length;
  };
  expect(await withTempFolder("molecule-test-", use)).toBe(1);
  const failed = withTempFolder("molecule-test-", async (folder) => {
    await use(folder);
    throw new Error("no more");
  });
  expect(await failed.catch((error: Error) => error.message)).toBe("no more");
  expect(seen.map((path) => basename(path).startsWith("molecule-test-"))).toEqual([true, true]);
  expect(seen.map((path) => existsSync(path))).toEqual([false, false]);
});

test("it leaves no handler of a signal behind", async () => {
  const count = () => process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
  const before = count();
  expect(await withTempFolder("molecule-test-", async () => count())).toBe(before + 2);
  expect(count()).toBe(before);
});

// Windows has no signals that a program could act on before it is ended.
test.skipIf(WINDOWS).each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s removes it and ends the program",
  async (signal, code) => {
    const script = join(ROOT, "scripts", "temp-folder.ts");
    const program = `import { withTempFolder } from ${JSON.stringify(script)};
    await withTempFolder("molecule-test-", async (folder) => {
      console.log(folder);
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
    let folder = "";
    for await (const chunk of child.stdout) {
      folder += new TextDecoder().decode(chunk);
      if (!folder.endsWith("\n")) continue;
      expect(existsSync(folder.trim())).toBe(true);
      child.kill(signal);
    }
    expect(await child.exited).toBe(code);
    expect(folder).toContain("molecule-test-");
    expect(existsSync(folder.trim())).toBe(false);
  },
  60_000,
);
