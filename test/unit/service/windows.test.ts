import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { standingOf } from "../../../src/service/seal.ts";
import type { ServiceSpec } from "../../../src/service/spec.ts";
import { windowsTask } from "../../../src/service/windows.ts";
import { UsageError } from "../../../src/shared/errors.ts";
import { spec, systemSpec } from "./spec.ts";
import { find, readXml } from "./xml-reader.ts";

const write = (of: ServiceSpec) => windowsTask(of, "HOST\\ann");
const read = (of: ServiceSpec) => readXml(write(of));

/** The words that a program gets, by the documented rules of CommandLineToArgvW for arguments. */
function argvOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const slashes = /^\\+/.exec(line.slice(at))?.[0].length ?? 0;
    const isBeforeQuote = line[at + slashes] === '"';
    if (slashes > 0) {
      word = (word ?? "") + "\\".repeat(isBeforeQuote ? Math.floor(slashes / 2) : slashes);
      at += slashes;
      if (isBeforeQuote && slashes % 2 === 1) word += '"';
      else at -= 1;
    } else if (line[at] === '"') {
      word ??= "";
      quoted = !quoted;
    } else if (!quoted && /[ \t]/.test(line[at] ?? "")) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + line[at];
  }
  if (word !== undefined) words.push(word);
  return words;
}

test("any argument reaches the program as it is, or is refused", () => {
  const hostile = fc.string({
    unit: fc.oneof(fc.constantFrom(..."\\\\\"' \t<>&%$(\u0001é"), fc.string({ unit: "grapheme" })),
  });
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (args) => {
      const all = args.join(" ");
      const isRefused = args.some((text) => /%[^%]+%|\$\(/.test(text));
      if (
        isRefused ||
        /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(all) ||
        !all.isWellFormed()
      ) {
        return expect(() => write(spec({ args }))).toThrow(UsageError);
      }
      const line = find(read(spec({ args })), "Arguments").text;
      expect(argvOf(line)).toEqual(args);
    }),
  );
});

test("what the Task Scheduler would fill in is refused", () => {
  expect(() => write(spec({ args: ["%TEMP%"] }))).toThrow("variable");
  expect(() => write(spec({ folder: "C:\\%x%" }))).toThrow("variable");
  expect(() => write(spec({ args: ["$(Arg0)"] }))).toThrow("parameter");
  expect(() => write(spec({ args: ["100%"] }))).not.toThrow();
});

describe("the task", () => {
  test("of a user starts as the user logs on", () => {
    const task = read(spec());
    expect(find(find(task, "LogonTrigger"), "UserId").text).toBe("HOST\\ann");
    expect(find(task, "LogonType").text).toBe("InteractiveToken");
  });

  test("of the system starts with it, without a password", () => {
    const task = read(systemSpec());
    expect(find(task, "BootTrigger")).toBeDefined();
    expect(find(task, "LogonType").text).toBe("S4U");
  });

  test("never ends by itself, and is started again where it fails", () => {
    const task = read(spec());
    expect(find(task, "ExecutionTimeLimit").text).toBe("PT0S");
    // The schema has one byte for it.
    expect(Number(find(find(task, "RestartOnFailure"), "Count").text)).toBeLessThan(256);
  });

  test("is known again with the ends of lines and the mark that Windows wants", () => {
    expect(standingOf(`\ufeff${write(spec()).replaceAll("\n", "\r\n")}`)).toBe("ours");
    expect(standingOf(write(spec()).replace("PT0S", "PT1H"))).toBe("changed");
    expect(standingOf("<Task/>")).toBe("foreign");
  });
});
