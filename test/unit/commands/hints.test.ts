/** Whatever tells a person to run a command names one that is there, with flags that it has. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BUILT_IN_FLAGS } from "../../../src/cli/built-in.ts";
import { commandAt, type Later, type Node } from "../../../src/cli/command.ts";
import { FlagTable } from "../../../src/cli/flag-table.ts";
import { loadAll } from "../../../src/cli/tree.ts";
import { CLI } from "../../../src/commands/cli.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

beforeAll(() => loadAll(CLI.root));

/** Stands for what a template fills in. */
const FILLED = "\u0001";

/** The texts of a source file: the strings with what fills them taken out, and the comments. */
function textsOf(source: string): string[] {
  const whole = source
    // A string in pieces is one.
    .replace(/["`]\s*\+\s*["`]/g, "")
    // A comment or a description goes on in the next line.
    .replace(/\n[ \t]*\*?[ \t]*/g, "\n");
  const inner: string[] = [];
  let text = whole;
  for (;;) {
    const next = text.replace(/\$\{([^{}]*)\}/g, (_, filling: string) => {
      inner.push(filling);
      return FILLED;
    });
    if (next === text) return [text, ...inner];
    text = next;
  }
}

/** In a README only code names commands: the program has the name of the project. */
function codeOf(markdown: string): string[] {
  const blocks: string[] = [];
  const rest = markdown.replace(/^```.*\n([\s\S]*?)^```/gm, (_, block: string) => {
    // Each line begins as a code span does.
    blocks.push(block.replace(/\\\n\s*/g, " ").replace(/^\$? ?(?=molecule )/gm, "`"));
    return "";
  });
  return [...blocks, ...(rest.match(/`[^`]+`/g) ?? [])];
}

/** What is wrong with the command lines in the text. */
function faultsIn(text: string): string[] {
  const faults: string[] = [];
  for (const match of text.matchAll(/(?<![\w/.-])molecule(?=\s)/g)) {
    const before = text.slice(0, match.index);
    // Elsewhere it may be the subject of a sentence.
    const isCommand = /(["'`]|: |-> |\n\$ )$/.test(before);
    const fault = faultAt(text.slice(match.index + "molecule".length), isCommand);
    if (fault !== undefined)
      faults.push(`${fault}: molecule${text.slice(match.index + 8, match.index + 80)}`);
  }
  return faults;
}

function faultAt(after: string, isCommand: boolean): string | undefined {
  let node: Node = CLI.root;
  let rest = after;
  for (let word = wordOf(rest); word !== undefined && node.kind === "group"; word = wordOf(rest)) {
    if (word === "help") return undefined;
    const below: Record<string, Node | Later> = node.subCommands;
    const next = Object.hasOwn(below, word) ? below[word] : undefined;
    if (next === undefined) {
      return node === CLI.root && !isCommand ? undefined : `no command "${word}"`;
    }
    node = next.kind === "later" ? next.node : next;
    rest = rest.slice(rest.indexOf(word) + word.length);
  }
  const flags = new FlagTable(CLI.globals, commandAt(node)?.args ?? {});
  for (const [, name = ""] of lineOf(rest).matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)) {
    const isThere =
      flags.long(name) ??
      flags.long(name.replace(/^no-/, "")) ??
      BUILT_IN_FLAGS.find((flag) => flag.name === name);
    if (isThere === undefined) return `no flag --${name}`;
  }
  return undefined;
}

/** The word that the text begins with, if it may be a command. */
function wordOf(text: string): string | undefined {
  return /^\s+([a-z][a-z-]*)(?![\w=/.-]*[\w=/])/.exec(text)?.[1];
}

/** As far as the command line goes on, in a sentence or without one. */
function lineOf(text: string): string {
  return text.split(/["'`\n;)]|[.,:](?=\s|$)| -- | # |\smolecule\s/)[0] ?? "";
}

describe("the look itself finds", () => {
  test.each([
    ["a command that is not there", 'hint: "molecule wrokspace list"', 'no command "wrokspace"'],
    [
      "one of a group that has none such",
      "`molecule workspace abilities`",
      'no command "abilities"',
    ],
    ["one in a sentence", "so molecule workspace abilities does", 'no command "abilities"'],
    ["a flag of another command", "`molecule workspace list --card`", "no flag --card"],
    ["one behind what is filled in", "`molecule doctor ${id} --card`", "no flag --card"],
    ["one in a string of two pieces", '"molecule workspace " +\n  "lsit"', 'no command "lsit"'],
    ["one in what fills another", "`${a ? `molecule token lsit` : ''}`", 'no command "lsit"'],
  ])("%s", (_, source, fault) => {
    expect(textsOf(source).flatMap(faultsIn).join()).toStartWith(fault);
  });

  test.each([
    "`molecule workspace update ${id} --no-talk-to-user -v`",
    "`molecule dev` without --card",
    "molecule puts its mark on it",
    '"molecule help token"',
    "`molecule connect ID --backend exec -- prog --card`",
  ])("nothing in %s", (source) => {
    expect(textsOf(source).flatMap(faultsIn)).toEqual([]);
  });
});

test("every command line in the sources names a command and flags that are there", () => {
  let seen = 0;
  const faults: string[] = [];
  for (const path of new Bun.Glob("src/**/*.ts").scanSync(ROOT)) {
    for (const text of textsOf(readFileSync(join(ROOT, path), "utf8"))) {
      seen += text.split("molecule ").length - 1;
      faults.push(...faultsIn(text).map((fault) => `${path}: ${fault}`));
    }
  }
  expect(faults).toEqual([]);
  expect(seen).toBeGreaterThan(100);
});

test("every command line in the README does", () => {
  const code = codeOf(readFileSync(join(ROOT, "README.md"), "utf8"));
  expect(code.flatMap(faultsIn)).toEqual([]);
  expect(code.join("\n").split("molecule ").length).toBeGreaterThan(20);
});
