/** `molecule completion`, as the binary prints it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadAll } from "../../src/cli/tree.ts";
import { completionScript } from "../../src/cli/completion/script.ts";
import { SHELLS } from "../../src/cli/completion/shells.ts";
import { CLI } from "../../src/commands/cli.ts";
import { runAlone, runToEnd } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { bareEnv, onlyWhere } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";

setDefaultTimeout(60_000);
await loadAll(CLI.root);

test.each([...SHELLS])("completion %s prints the script and nothing else", async (shell) => {
  const run = await runAlone(["completion", shell]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toBe(completionScript(shell, CLI));
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

onlyWhere(Bun.which("bash") !== null, "bash is not installed").test(
  "what the commands have met is completed, the last first, until it is no more",
  async () => {
    using home = tmpFolder();
    const file = join(home.path, ".config", "molecule", "workspaces.tsv");
    const lines = () => (existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
    const ids = () => lines().flatMap((line) => line.split("\t", 1)[0] || []);
    const met = async (condition: () => boolean) =>
      lookUntil(condition, () => `the file has:\n${lines().join("\n")}`);
    const { stdout: script } = await runAlone(["completion", "bash"]);
    const offered = (words: string) => {
      const program = `${script}\nCOMP_WORDS=(molecule ${words}) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_molecule; [[ \${#COMPREPLY[@]} -eq 0 ]] || printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = bareEnv(home.path);
      return Bun.spawnSync(["bash", "--norc", "-c", program], { env }).stdout.toString();
    };
    expect(offered("connect ''")).toBe("");

    mkdirSync(dirname(file), { recursive: true });
    await using dev = await Dev.start(home.path);
    const [agent, ada, ben] = dev.workspaces.map(({ id }) => id) as [string, string, string];
    await met(() => ids().length === 3);
    expect(offered("connect ''")).toBe(`${agent}\n${ada}\n${ben}\n`);
    expect(lines()).toContain(`${ada}\t${dev.ada.name}`);

    const admin = ["--api-url", dev.url, "--api-token-file", dev.adminTokenFile];
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await runToEnd([...args, ...admin], { home: home.path });
      expect({ args, code, stderr: code === 0 ? "" : stderr }).toMatchObject({ code: 0 });
      return stdout;
    };
    await run("agent", "send", ada, "hello", "--no-wait");
    expect(offered("agent send ''").split("\n")[0]).toBe(ada);
    await run("workspace", "inspect", ben);
    expect(offered("workspace delete ''")).toBe(`${ben}\n${ada}\n${agent}\n`);
    await using bridge = dev.connect(home.path, { flags: { once: true } });
    await bridge.endsWith(0);
    expect(offered("agent send --as=").split("\n")[0]).toBe(agent);

    const made = JSON.parse(await run("workspace", "create", "new one", "-o", "json"));
    expect(offered("connect ''").split("\n")[0]).toBe(made.id);
    expect(lines()[0]).toBe(`${made.id}\tnew one`);
    await run("workspace", "delete", made.id, "--yes");
    expect(ids()).toEqual([agent, ben, ada]);

    await Bun.write(file, `gone\told\n${ada}\tcalled otherwise\n`);
    await run("workspace", "list");
    expect(ids().sort()).toEqual([agent, ada, ben].sort());
    expect(lines()[0]).toBe(`${ada}\t${dev.ada.name}`);
    await dev.run.stop();
    expect(existsSync(file)).toBe(false);
  },
);
