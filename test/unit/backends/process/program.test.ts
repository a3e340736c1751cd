import { expect, test } from "bun:test";
import { join } from "node:path";
import { findProgram, notFound } from "../../../../src/backends/process/program.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { script } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const inShell = onPosix("the program is a script").test;

inShell(
  "a program is looked for on the PATH that it will run with, and a path is taken as it is",
  () => {
    using folder = tmpFolder();
    const path = script(folder.path, "agent", "exit 0");
    expect(findProgram("agent", { PATH: folder.path })).toBe(path);
    expect(findProgram("agent", { Path: folder.path })).toBe(path);
    expect(findProgram("agent", {})).toBeUndefined();
    expect(findProgram(path, {})).toBe(path);
    expect(findProgram(join(folder.path, "other"), { PATH: folder.path })).toBeUndefined();
  },
);

test("what is missing is named on one line, and the PATH only where it was looked for there", () => {
  expect(notFound("agent")).toBe(
    "the program agent was not found on the PATH, or is not executable",
  );
  expect(notFound("./agent")).toBe("the program ./agent was not found, or is not executable");
  expect(notFound("C:\\agent")).toContain("was not found, or");
  expect(notFound("a\nb\u001b[31m")).toContain("the program a b\\u001b[31m was");
});
