/** `molecule completion`, as the binary prints it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { completionScript } from "../../src/cli/completion/script.ts";
import { SHELLS } from "../../src/cli/completion/shells.ts";
import { GLOBALS } from "../../src/commands/globals.ts";
import { ROOT } from "../../src/commands/index.ts";
import { runAlone } from "../harness/binary.ts";

setDefaultTimeout(60_000);

test.each([...SHELLS])("completion %s prints the script and nothing else", async (shell) => {
  const run = await runAlone(["completion", shell]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toBe(completionScript(shell, { root: ROOT, globals: GLOBALS, version: "" }));
});

test("completion without a shell is wrong usage, and tells where to read on", async () => {
  const run = await runAlone(["completion"]);
  expect(run).toMatchObject({ code: 2, stdout: "" });
  expect(run.stderr).toContain("missing argument <shell>");
  expect(run.stderr).toContain("Run 'molecule completion --help' for usage.");
});

test("completion for an unknown shell is wrong usage, and names the nearest", async () => {
  const run = await runAlone(["completion", "bsh"]);
  expect(run).toMatchObject({ code: 2, stdout: "" });
  expect(run.stderr).toContain("must be one of bash, zsh, fish, powershell");
  expect(run.stderr).toContain('Did you mean "bash"?');
});

test("the help of completion tells for each shell how to install it", async () => {
  const { code, stdout } = await runAlone(["completion", "--help"]);
  expect(code).toBe(0);
  for (const shell of SHELLS) {
    const lines = stdout.split("\n").filter((line) => line.startsWith(`  ${shell} `));
    expect(lines).toEqual([expect.stringContaining(`molecule completion ${shell}`)]);
  }
});
