import { expect, test } from "bun:test";
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { readSettings } from "../../../../src/backends/claude/args.ts";
import { claudeCode } from "../../../../src/backends/claude/declaration.ts";
import { denials } from "../../../../src/backends/claude/denials.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { onPosix } from "../../../harness/platform.ts";

const posix = onPosix("its paths have no drive").test;

const HOME = { HOME: "/h" };

function given(options: string[], env: Record<string, string> = HOME): string[] {
  return denials(readSettings(parseOptions(claudeCode, options)), env);
}

const SHELL = "--disallowedTools=Bash";

test.each([
  [],
  ["permission_mode=default"],
  ["permission_mode=acceptEdits"],
  ["permission_mode=plan"],
  ["allowed_tools=Edit WebFetch"],
  ["allowed_tools=BashOutput mcp__Bash2__x"],
  ["args=--disallowedTools Bash(rm:*)"],
  ["args=--disallowed-tools=Bash"],
  ["args=--append-system-prompt 'never use Bash'"],
  ["args=--allowedTools Edit --append-system-prompt=Bash"],
  ["permission_mode=bypassPermissions", "args=--permission-mode plan"],
])("there is no shell where nobody allowed one: %p %p", (...options) => {
  expect(given(options.filter((one) => typeof one === "string"))).toContain(SHELL);
});

test.each([
  ["allowed_tools=Bash"],
  ["allowed_tools=Edit,Bash(git *)"],
  ["args=--allowedTools 'Bash(git *)' Edit"],
  ["args=--allowedTools=Edit --allowed-tools Edit Bash"],
  ["args=--tools=Read,Bash"],
  ["permission_mode=bypassPermissions"],
  ["permission_mode=auto"],
  ["args=--permission-mode bypassPermissions"],
  ["args=--permission-mode=auto"],
  ["args=--dangerously-skip-permissions"],
])("the operator may bring one: %s", (option) => {
  expect(given([option])).not.toContain(SHELL);
});

posix.each<[Record<string, string>, string]>([
  [HOME, "//h/.claude/projects/**"],
  [{ ...HOME, CLAUDE_CONFIG_DIR: "/c d" }, "//c d/projects/**"],
  [{ ...HOME, CLAUDE_CONFIG_DIR: "" }, "//h/.claude/projects/**"],
  // What can't stand in a rule.
  [{ HOME: "/hé(1)*" }, "//h??1??/.claude/projects/**"],
  [{ ...HOME, CLAUDE_CONFIG_DIR: "conf" }, "//w/conf/projects/**"],
  [{}, `/${homedir()}/.claude/projects/**`],
])("transcripts are neither read nor written, wherever they are kept: %j", (env, path) => {
  const rules = given(["cwd=/w", "permission_mode=bypassPermissions"], env);
  expect(rules).toContain(`--disallowedTools=Read(${path})`);
  expect(rules).toContain(`--disallowedTools=Edit(${path})`);
});

posix("nor by their real path, where the folder is a link, with or without transcripts", () => {
  using folder = tmpFolder();
  const real = join(realpathSync(folder.path), "real");
  mkdirSync(real);
  const link = join(folder.path, "link");
  symlinkSync(real, link);
  const expected = [link, real].map((path) => `--disallowedTools=Read(/${path}/projects/**)`);
  const reads = () =>
    given([], { CLAUDE_CONFIG_DIR: link }).filter((rule) => rule.includes("Read("));
  expect(reads()).toEqual(expected);
  mkdirSync(join(real, "projects"));
  expect(reads()).toEqual(expected);
});

test("who reads about the options hears of the shell", () => {
  expect(claudeCode.options.permission_mode?.summary).toContain("Bash only where");
  expect(claudeCode.options.allowed_tools?.summary).toContain("it may read all that you can");
});
