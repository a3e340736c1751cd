import { describe, expect, test } from "bun:test";
import {
  codeOf,
  ExitCode,
  messageOf,
  MoleculeError,
  UsageError,
} from "../../../src/shared/errors.ts";
import { labelled } from "../../harness/label.ts";

const withCode = (code: unknown, cause?: unknown) =>
  Object.assign(new Error("message", { cause }), { code });

test("the exit codes are those that scripts rely on", () => {
  expect(ExitCode).toEqual({
    ok: 0,
    failed: 1,
    usage: 2,
    refused: 3,
    unreachable: 4,
    removed: 5,
    interrupted: 130,
  });
});

test("a failure ends with 1, and a wrong command line with 2, unless said otherwise", () => {
  expect(new MoleculeError("it broke")).toMatchObject({
    name: "MoleculeError",
    message: "it broke",
    exitCode: 1,
    hint: undefined,
  });
  expect(new MoleculeError("it broke", { exitCode: 5 }).exitCode).toBe(5);
  expect(new UsageError("no such flag", "try --help")).toMatchObject({
    name: "UsageError",
    exitCode: 2,
    hint: "try --help",
  });
});

test("a failure keeps its cause, and has none where there was none", () => {
  const cause = new Error("the disk");
  expect(new MoleculeError("it broke", { cause }).cause).toBe(cause);
  expect("cause" in new MoleculeError("it broke")).toBe(false);
});

describe("the code of an error", () => {
  test.each([
    ["is its own", withCode("ENOSPC"), "ENOSPC"],
    ["may be its cause's", new Error("outer", { cause: withCode("ECONNRESET") }), "ECONNRESET"],
    ["is the outermost one", withCode("OUTER", withCode("INNER")), "OUTER"],
    ["is a word: the numbers of DOM exceptions say nothing", withCode(23), undefined],
    ["is missing where nothing has one", new Error("plain"), undefined],
    ["is missing on what is no error", { code: "ENOSPC" }, undefined],
  ])("%s", (_, error, code) => {
    expect(codeOf(error)).toBe(code);
  });

  test("is found in an end of the search, also where an error is its own cause", () => {
    const error = new Error("round");
    error.cause = error;
    expect(codeOf(error)).toBeUndefined();
  });
});

test.each(labelled<unknown>(["words", undefined, null, 42]))(
  "the message of anything thrown is a text, also of %s",
  (_, thrown) => {
    expect(messageOf(thrown)).toBe(String(thrown));
    expect(messageOf(new TypeError(String(thrown)))).toBe(String(thrown));
  },
);
