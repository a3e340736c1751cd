/** Summaries may hold anything: in a script they are text, never code. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { type Cli, command, group } from "../../../src/cli/command.ts";
import { summaryOf } from "../../../src/cli/completion/dialect.ts";
import { completionScript } from "../../../src/cli/completion/script.ts";
import type { Shell } from "../../../src/cli/completion/shells.ts";
import { flag } from "../../../src/cli/flag.ts";
import { onlyWhere } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { SHELLS_UNDER_TEST } from "./completion-shells.ts";

setDefaultTimeout(120_000);

const summary = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."'\"`$\\:[](){}%*?#!~;&|<>=-^@, \n\t\r’‘“…é"),
      fc.constantFrom(
        "$(touch canary)",
        "`touch canary`",
        "';touch canary;'",
        '"; touch canary; "',
      ),
      fc.constantFrom(
        "(touch canary)",
        "<(touch canary)",
        "=(touch canary)",
        "\\';touch canary;\\'",
      ),
      fc.constantFrom(
        "%F{red}",
        "%(?.a.b)",
        "${HOME}",
        "$HOME",
        "@(touch canary)",
        "''",
        "\\:",
        "$'",
      ),
      fc.constantFrom(
        "\n)\ntouch canary\n",
        "\nend\ntouch canary\n",
        "’;touch canary;’",
        "-- ",
        "x",
      ),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

/** A program whose every summary is one of these, each behind its number. */
function programOf(summaries: readonly string[]): Cli {
  const numbered = summaries.map((text, i) => `${i} ${text}`);
  const flags = Object.fromEntries(
    numbered.map((text, i) => [`flag${i}`, flag({ type: "boolean", summary: text })]),
  );
  const choices = numbered.map((text, i) => ({ value: `value${i}`, summary: text }));
  const keys = numbered.map((text, i) => ({ key: `key${i}`, summary: text, values: choices }));
  const commands = numbered.map((text, i) =>
    command({ name: `command${i}`, summary: text, description: text, run: () => {} }),
  );
  const all = command({
    name: "all",
    summary: "has them all",
    flags: {
      ...flags,
      pick: flag({ type: "string", summary: "pick one", complete: choices }),
      pair: flag({
        type: "strings",
        summary: "pair one",
        complete: { by: "pick", sets: [{ of: "value0", keys }] },
      }),
    },
    positionals: [
      { name: "place", summary: summaries[0] ?? "", values: choices.map(({ value }) => value) },
    ],
    run: () => {},
  });
  const root = group({ name: "molecule", summary: "it", commands: [...commands, all] });
  return { root, globals: {}, version: "1" };
}

const LINES: [line: string, stem: string, end: string][] = [
  ["molecule command", "command", ""],
  ["molecule all --flag", "--flag", ""],
  ["molecule all --pick ", "value", ""],
  ["molecule all value", "value", ""],
  ["molecule all --pair key", "key", "="],
];

describe.each(SHELLS_UNDER_TEST)("$name", ({ name, installed, tab }) => {
  const { test } = onlyWhere(installed, `${name} is not installed`);

  test("offers what there is and runs nothing of a summary", async () => {
    const shell = name.split(" ")[0] as Shell;
    await fc.assert(
      fc.asyncProperty(fc.array(summary, { minLength: 30, maxLength: 30 }), async (summaries) => {
        using home = tmpFolder();
        const setup = { script: completionScript(shell, programOf(summaries)), cwd: home.path };
        const { tabbed, screen } = await tab(
          setup,
          LINES.map(([line]) => line),
        );
        for (const [i, [, stem, end]] of LINES.entries()) {
          const words = summaries.map((_, number) => `${stem}${number}${end}`);
          expect(tabbed[i]?.offered.sort()).toEqual(words.sort());
        }
        expect(readdirSync(home.path).filter((file) => file.includes("canary"))).toEqual([]);
        if (shell === "fish") {
          for (const [i, text] of summaries.entries()) {
            const shown = summaryOf({ value: "", summary: `${i} ${text}` });
            expect(screen).toContain(`--flag${i}\t${shown}\n`);
          }
        }
      }),
      { numRuns: 4 },
    );
  });
});

const STRINGS: Record<Shell, RegExp> = {
  bash: /'[^']*'(?:\\''[^']*')*/g,
  zsh: /'[^']*'(?:\\''[^']*')*/g,
  fish: /'(?:[^'\\]|\\[\\'])*'/g,
  powershell: /'(?:[^']|'')*'/g,
};

test.each(Object.entries(STRINGS) as [Shell, RegExp][])(
  "a script for %s is the same but for its strings, whatever the summaries say",
  (shell, strings) => {
    const bare = (summaries: readonly string[]) =>
      completionScript(shell, programOf(summaries)).replace(strings, "''");
    const plain = bare(["one", "two", "three"]);
    fc.assert(
      fc.property(fc.array(summary, { minLength: 3, maxLength: 3 }), (summaries) => {
        expect(bare(summaries)).toBe(plain);
      }),
      { numRuns: 100 },
    );
  },
);

test("a script for PowerShell is ASCII, since Windows reads output in a code page of its own", () => {
  fc.assert(
    fc.property(fc.array(summary, { minLength: 3, maxLength: 3 }), (summaries) => {
      expect(completionScript("powershell", programOf(summaries))).toMatch(/^[\t\n -~]*$/);
    }),
    { numRuns: 100 },
  );
});
