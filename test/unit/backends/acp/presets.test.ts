import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PRESETS } from "../../../../src/backends/acp/declaration.ts";
import { locate, readCommand } from "../../../../src/backends/acp/presets.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { script } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const inShell = onPosix("the program is a script").test;

test("each preset names a program, and what to install where it is missing", () => {
  for (const preset of PRESETS) {
    const { words, hint } = readCommand(undefined, preset);
    expect(words[0]).toMatch(/^[a-z-]+$/);
    expect(hint).toContain("npm install -g ");
  }
  expect(readCommand(undefined, "gemini").words).toEqual(["gemini", "--acp"]);
});

test("claude opens no file that a message names, and keeps no memory of its own", () => {
  expect(readCommand(undefined, "claude").walls).toEqual({
    CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: "1",
  });
});

test("a command is split as a shell would, and nothing in it is expanded", () => {
  const { words } = readCommand(`my-agent --acp 'a b' "$HOME" *`, undefined);
  expect(words).toEqual(["my-agent", "--acp", "a b", "$HOME", "*"]);
});

inShell("a name is looked for on the PATH of the agent, a relative path in its folder", () => {
  using folder = tmpFolder();
  mkdirSync(join(folder.path, "bin"));
  const path = script(join(folder.path, "bin"), "agent", "exit 0");
  const at = (command: string, PATH = "/nowhere") =>
    locate(readCommand(command, undefined), folder.path, { PATH });
  expect(at("agent", join(folder.path, "bin"))).toBe(path);
  expect(at("agent")).toBeUndefined();
  expect(at("./bin/agent")).toBe(path);
  expect(at("bin/agent --acp")).toBe(path);
  expect(at("./agent")).toBeUndefined();
  expect(at(path)).toBe(path);
});
