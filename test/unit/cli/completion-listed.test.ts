/** Words that a file lists, in the real shells: the file may hold anything, and only words come of it. */
import { beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { chownSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Cli, command, group } from "../../../src/cli/command.ts";
import { completionScript } from "../../../src/cli/completion/script.ts";
import type { Shell } from "../../../src/cli/completion/shells.ts";
import { flag } from "../../../src/cli/flag.ts";
import { onlyWhere } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { SHELLS_UNDER_TEST, type Tabbed } from "./completion-shells.ts";

setDefaultTimeout(60_000);

const FILE = "own folder/it's a list.tsv";
const known = { listed: FILE };
const take = command({
  name: "take",
  summary: "takes some",
  flags: {
    as: flag({ type: "string", summary: "as which", short: "a", complete: known }),
    peer: flag({ type: "strings", summary: "with which", complete: known }),
  },
  positionals: [
    { name: "first", summary: "which", required: true, complete: known },
    { name: "text", summary: "any" },
    { name: "last", summary: "which", complete: known },
  ],
  run: () => {},
});
const CLI: Cli = {
  root: group({ name: "molecule", summary: "it", commands: [take] }),
  globals: {},
  version: "1",
};

const LIST = [
  "b200\tStaging: the (old) one",
  "7c1f-two\tProd beta",
  "7c1f-one\tProd alpha",
  "nameless",
  "empty\t",
];
const WORDS = ["b200", "7c1f-two", "7c1f-one", "nameless", "empty"];

describe.each(SHELLS_UNDER_TEST)("$name", ({ name, installed, tab }) => {
  const { test } = onlyWhere(installed, `${name} is not installed`);
  const shell = name.split(" ")[0] as Shell;
  const script = completionScript(shell, CLI);

  /** Presses Tab behind each line where the file holds this, or where `make` has made something else. */
  async function tabs(
    list: readonly string[] | string | Uint8Array | ((path: string) => void),
    lines: readonly string[],
    last = "",
  ) {
    using home = tmpFolder();
    const path = join(home.path, FILE);
    mkdirSync(dirname(path));
    if (typeof list === "function") list(path);
    else writeFileSync(path, Array.isArray(list) ? `${list.join("\n")}\n` : (list as string));
    const done = await tab({ script: script + last, cwd: home.path }, lines);
    const files = readdirSync(home.path, { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => file.includes("canary"))).toEqual([]);
    return done;
  }

  const ways: [line: string, becomes: string][] = [
    ["molecule take b", "molecule take b200 "],
    ["molecule take 7", "molecule take 7c1f-"],
    ["molecule take 7c1f-t", "molecule take 7c1f-two "],
    ["molecule take --as b", "molecule take --as b200 "],
    ["molecule take --as=b", "molecule take --as=b200 "],
    ["molecule take -a b", "molecule take -a b200 "],
    ["molecule take -ab", "molecule take -ab200 "],
    ["molecule take --peer b200 --peer n", "molecule take --peer b200 --peer nameless "],
    ["molecule take b200 b", "molecule take b200 b"],
    ["molecule take b200 text n", "molecule take b200 text nameless "],
    ["molecule take own", "molecule take own"],
    ["molecule take zzz", "molecule take zzz"],
  ];
  const all = ["molecule take ", "molecule take --as ", "molecule take --as="];
  const seen = new Map<string, Tabbed>();

  beforeAll(async () => {
    if (!installed) return;
    const lines = [...ways.map(([line]) => line), ...all];
    const { tabbed } = await tabs(LIST, lines);
    for (const [i, line] of lines.entries()) seen.set(line, tabbed[i] as Tabbed);
  });

  test.each(ways)("'%s' becomes '%s'", (line, becomes) => {
    expect(seen.get(line)?.line).toBe(becomes);
  });

  test.each(all)("'%s' offers all, in the order of the file", (line) => {
    const lead = /\S*$/.exec(line)?.[0] ?? "";
    const offered = seen.get(line)?.offered.map((word) => word.replace(lead, ""));
    expect(offered).toEqual(WORDS);
  });

  // What macOS has can't be told of one completion to leave the order.
  if (name !== "bash without compopt") {
    test("shows the names beside the words, in the order of the file", async () => {
      const { screen } = await tabs(LIST, ["molecule take \t"]);
      const rows = LIST.slice(0, 3).map((row) => row.replace(/[()]/g, "\\$&"));
      const sign = { bash: "  ", zsh: " *-- ", fish: "\t", powershell: "" }[shell];
      // Before what the harness tells of it.
      expect(screen.split("\u0001")[0]).toMatch(
        new RegExp(rows.join(".*").replaceAll("\t", sign), "s"),
      );
    });
  }

  if (shell !== "fish") {
    const byName: [line: string, becomes: string, offered: string[]][] = [
      ["molecule take stag", "molecule take b200 ", ["b200"]],
      ["molecule take --as=STAG", "molecule take --as=b200 ", ["b200"]],
      ["molecule take prod\\ b", "molecule take 7c1f-two ", ["7c1f-two"]],
      ["molecule take p*d", "molecule take p*d", []],
      ["molecule take [s]", "molecule take [s]", []],
      ["molecule take alpha", "molecule take alpha", []],
    ];

    test("takes the beginning of a name for its word", async () => {
      const { tabbed } = await tabs(
        LIST,
        byName.map(([line]) => line),
      );
      expect(tabbed).toEqual(
        byName.map(([, line, offered]) => ({ line, offered: offered.map(String) })),
      );
    });

    test("a word that goes on as it was begun is before any name", async () => {
      const { tabbed } = await tabs(["stage1\tx", "other\tstage"], ["molecule take stag"]);
      expect(tabbed).toEqual([{ line: "molecule take stage1 ", offered: ["stage1"] }]);
    });

    test("of several with such a name it inserts no part of their words", async () => {
      const { tabbed } = await tabs(LIST, ["molecule take prod"]);
      const offers = { bash: ["molecule take prod"], zsh: ["molecule take 7c1f-two"] };
      expect([tabbed[0]?.line]).toEqual(offers[shell as "bash" | "zsh"]);
      expect(tabbed[0]?.offered).toEqual(shell === "zsh" ? ["7c1f-two", "7c1f-one"] : []);
    });
  }

  test("nothing comes of a hostile file but words", async () => {
    const nasty = [
      "$(touch canary)\tx",
      "`touch canary`\tx",
      "good1\t$(touch canary)`touch canary`",
      "good2\t';touch canary;'\";touch canary;\"",
      "good3\t\u001b]0;canary\u0007\u001b[31mred\u009b31m",
      "good4\t${HOME} $HOME ~ * %F{red} %(?.a.b) \\n\\x41 (eval):q",
      "good5\ttwo\ttabs",
      "a b\tx",
      "a;touch canary\tx",
      "a'b\tx",
      'a"b\tx',
      "a\\nb\tx",
      "a$HOME\tx",
      "-rf\tx",
      "--as\tx",
      ".hidden\tx",
      "../up\tx",
      "~\tx",
      "=ls\tx",
      "a=b\tx",
      "a:b\tx",
      "%s\tx",
      "*\tx",
      "",
      "\t\t",
      "\tbehind a tab",
      `${"w".repeat(129)}\tx`,
      `${"v".repeat(100_000)}\tx`,
      `${"v".repeat(800)}piece\tx`,
      `good6\t${"long ".repeat(50)}`,
      "\u202eevil\tx",
      "good7\t\u202eevil",
    ].join("\n");
    const bytes = new Uint8Array([
      ...new TextEncoder().encode(`${nasty}\n`),
      ...[0xff, 0xfe, 0xc3, 0x28, 0x09, 0x78, 0x0a],
      ...[0x67, 0x6f, 0x6f, 0x64, 0x38, 0x09, 0xff, 0xc3, 0x28, 0x0a],
      ...new TextEncoder().encode("good9"),
    ]);
    const lines = [
      "molecule take good",
      "molecule take --as=good",
      "molecule take ",
      "molecule take good\t",
    ];
    const { tabbed, screen } = await tabs(bytes, lines);
    const good = Array.from({ length: 9 }, (_, i) => `good${i + 1}`);
    expect(tabbed[0]).toEqual({ line: "molecule take good", offered: good });
    expect(tabbed[1]?.line).toBe("molecule take --as=good");
    expect(tabbed[1]?.offered.map((word) => word.replace("--as=", ""))).toEqual(good);
    expect(tabbed[2]?.offered).toEqual(good);
    // A terminal would heed these.
    expect(screen).not.toContain("\u001b]0;canary");
    expect(screen).not.toContain("\u001b[31mred");
    expect(screen).not.toContain("\u009b31m");
  });

  test("of many lines it reads the first 500", async () => {
    const many = Array.from({ length: 600 }, (_, i) => `w${i}\tname ${i}`);
    const { tabbed } = await tabs(many, ["molecule take w49", "molecule take w50"]);
    const tens = (of: number) => [of, ...Array.from({ length: 10 }, (_, i) => of * 10 + i)];
    expect(tabbed[0]?.offered).toEqual(tens(49).map((i) => `w${i}`));
    expect(tabbed[1]?.offered).toEqual(["w50"]);
  });

  const someoneElses: [what: string, make: (path: string) => void, last: string] = [
    "is someone else's",
    (path) => {
      writeFileSync(path, "b200\tx\n");
      chownSync(path, 4321, 4321);
    },
    "",
  ];
  const nothing: [what: string, make: (path: string) => void, last: string][] = [
    ["is none", () => {}, ""],
    ["is empty", (path) => writeFileSync(path, ""), ""],
    ["is a folder", (path) => mkdirSync(path), ""],
    ["is a pipe, which would never end", (path) => void Bun.spawnSync(["mkfifo", path]), ""],
    ...(process.getuid?.() === 0 ? [someoneElses] : []),
    [
      "can't be found without a home",
      (path) => writeFileSync(path, "b200\tx\n"),
      shell === "fish" ? "\nset -e HOME\n" : "\nunset HOME\n",
    ],
  ];
  // A file in fpath is read no sooner than at the first Tab.
  const now = name === "zsh with the script in fpath" ? nothing.slice(0, -1) : nothing;
  test.each(now)("nothing happens where the file %s", async (_, make, last) => {
    const lines = ["molecule take b", "molecule take --as=b"];
    const { tabbed, screen } = await tabs(make, lines, last);
    expect(tabbed).toEqual(lines.map((line) => ({ line, offered: [] })));
    expect(screen).not.toMatch(/error|no such|denied|not found|unbound|parameter/i);
  });
});
