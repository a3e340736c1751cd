import { expect, setDefaultTimeout } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import fc from "fast-check";
import { plainWord, requireProgram } from "../../../../src/backends/exec/program.ts";
import { MoleculeError } from "../../../../src/shared/errors.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { anyText, script } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const { test } = onPosix("its commands are for sh");

setDefaultTimeout(60_000);

const env = { PATH: process.env.PATH ?? "" };

function error(cmd: string, cwd?: string, environment = env): MoleculeError | undefined {
  try {
    requireProgram(cmd, cwd, environment);
  } catch (thrown) {
    if (thrown instanceof MoleculeError) return thrown;
    throw thrown;
  }
  return undefined;
}

test.each<[string, string]>([
  ["wc -w", "wc"],
  ["  ./answer.sh 'a b' $X", "./answer.sh"],
  ["/opt/a-b_1.0/c++", "/opt/a-b_1.0/c++"],
  ["tr a-z A-Z | sed s/A/B/", "tr"],
  ["a;b", "a"],
  ["a&&b", "a"],
  ["a>file", "a"],
  ["a\nb", "a"],
  ["7z x", "7z"],
])("%j starts with %s", (cmd, word) => {
  expect(plainWord(cmd)).toBe(word);
});

test.each([
  "",
  "A=1 b",
  "$HOME/x",
  "~/x",
  "'./my tool'",
  '"x"',
  "a\\ b",
  "a'b'",
  "a*",
  "a$X",
  "(a)",
  "{ a; }",
  "! a",
  "`a`",
  "# a",
  ">out a",
  "2>out a",
  "f() { a; }; f",
  "f () { a; }; f",
  "a || b",
  "größe",
])("%j does not tell what is run", (cmd) => {
  expect(plainWord(cmd)).toBeUndefined();
  expect(error(cmd)).toBeUndefined();
});

test.each([
  ...["cat", "cd /", "if true; then :; fi", "exec no-such-program", ". ./file", ": x", "test x"],
  ...["while read -r x; do :; done", "/bin/sh -c x", "eval x", "export A"],
])("%j starts with what can be run", (cmd) => {
  expect(error(cmd)).toBeUndefined();
});

test("a program that is not on the PATH of the command is missing", () => {
  const missing = error("no-such-program-here | cat");
  expect(missing).toMatchObject({
    message:
      "the program no-such-program-here, with which cmd of the exec backend starts, was not found on the PATH",
    hint: expect.stringContaining("--backend-opt cmd=…"),
    exitCode: 1,
  });
  using folder = tmpFolder();
  script(folder.path, "my-program", "exit 0");
  expect(error("my-program")).toBeDefined();
  expect(
    error("my-program", undefined, { PATH: `${folder.path}${delimiter}${env.PATH}` }),
  ).toBeUndefined();
});

test("a path is looked for in the folder of the command, and must be an executable file", () => {
  using folder = tmpFolder();
  const cwd = folder.path;
  expect(error("./tool", cwd)).toMatchObject({
    message: "the program ./tool, with which cmd of the exec backend starts, does not exist",
    hint: expect.stringContaining(join(cwd, "tool")),
  });
  writeFileSync(join(cwd, "tool"), "#!/bin/sh\n");
  mkdirSync(join(cwd, "folder"));
  for (const name of ["./tool", join(cwd, "tool"), "./folder"]) {
    expect(error(name, cwd)?.message).toEndWith("is no file that may be executed");
  }
  expect(error("./tool", cwd)?.hint).toContain("chmod +x ./tool");
  script(cwd, "tool", "exit 0");
  expect(error("./tool x", cwd)).toBeUndefined();
});

test("a relative folder on the PATH counts from the folder of the command, as the shell has it", () => {
  using folder = tmpFolder();
  mkdirSync(join(folder.path, "bin"));
  script(join(folder.path, "bin"), "my-program", "exit 0");
  const PATH = `bin${delimiter}${env.PATH}`;
  expect(error("my-program", folder.path, { PATH })).toBeUndefined();
});

test("the word is the command's own start, without anything that a shell would change", () => {
  fc.assert(
    fc.property(fc.oneof(anyText(), fc.string()), (cmd) => {
      const word = plainWord(cmd);
      if (word === undefined) return;
      expect(cmd.trimStart()).toStartWith(word);
      expect(word).toMatch(/^[\w./+@%:,-]+$/);
    }),
  );
});
