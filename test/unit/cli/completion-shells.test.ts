/** The scripts in the shells that they are for, as far as those are installed here. */
import { beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BACKENDS } from "../../../src/backends/registry.ts";
import type { Cli } from "../../../src/cli/command.ts";
import { loadAll } from "../../../src/cli/tree.ts";
import { completionScript } from "../../../src/cli/completion/script.ts";
import type { Shell } from "../../../src/cli/completion/shells.ts";
import { replaceKnown } from "../../../src/commands/which/known-workspaces.ts";
import { GLOBALS } from "../../../src/commands/globals.ts";
import { ROOT } from "../../../src/commands/index.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { onlyWhere } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { SHELLS_UNDER_TEST, type Tabbed } from "./completion-shells.ts";
import { globals, sample } from "./sample.ts";

setDefaultTimeout(60_000);

const OURS: Cli = { root: ROOT, globals: GLOBALS, version: "1" };
await loadAll(ROOT);
const SAMPLE: Cli = { root: sample(() => undefined), globals, version: "1" };

/** So that a slow disk fails nothing here. */
const NEVER_LATE = { ...systemClock, sleep: () => new Promise<void>(() => {}) };

/** Lines with one way to go on. */
const ONE_WAY: [line: string, becomes: string][] = [
  ["molecule conn", "molecule connect "],
  ["molecule agent s", "molecule agent send "],
  ["molecule help conn", "molecule help connect "],
  ["molecule help agent s", "molecule help agent send "],
  ["molecule -- conn", "molecule -- connect "],
  ["molecule -v -o json dead-letter sh", "molecule -v -o json dead-letter show "],
  ["molecule --output=json dead-letter sh", "molecule --output=json dead-letter show "],
  ["molecule connect --backend ac", "molecule connect --backend acp "],
  ["molecule connect --backend=ac", "molecule connect --backend=acp "],
  ["molecule connect --backend exec w --mo", "molecule connect --backend exec w --mode "],
  ["molecule connect --backend-opt preset=gem", "molecule connect --backend-opt preset=gemini "],
  ["molecule connect --backend-opt=preset=gem", "molecule connect --backend-opt=preset=gemini "],
  ["molecule connect --backend-opt pre", "molecule connect --backend-opt preset="],
  [
    "molecule connect --backend acp --backend-opt permissions=a",
    "molecule connect --backend acp --backend-opt permissions=allow ",
  ],
  [
    "molecule connect --backend=http --backend-opt he",
    "molecule connect --backend=http --backend-opt header.",
  ],
  [
    "molecule connect --backend mock --backend exec --backend-opt pass_meta=f",
    "molecule connect --backend mock --backend exec --backend-opt pass_meta=false ",
  ],
  ["molecule -oj", "molecule -ojson "],
  ["molecule -o=j", "molecule -o=json "],
  ["molecule -vo js", "molecule -vo json "],
  ["molecule dev --verbose=f", "molecule dev --verbose=false "],
  ["molecule dev --no-e", "molecule dev --no-ephemeral "],
  ["molecule dev fa", "molecule dev fault "],
  ["molecule -v dev send --ra", "molecule -v dev send --rate "],
  ["molecule dev --eph", "molecule dev --ephemeral "],
  ["molecule completion po", "molecule completion powershell "],
  ["molecule completion -- z", "molecule completion -- zsh "],
  ["molecule connect --token-file d/tok", "molecule connect --token-file d/token "],
  ["molecule connect --token-file=d/tok", "molecule connect --token-file=d/token "],
  ["molecule connect --state-dir d/s", "molecule connect --state-dir d/sub/"],
  ["molecule connect --state-dir=d/s", "molecule connect --state-dir=d/sub/"],
  [
    "molecule connect --backend exec --backend-opt cwd=d/s",
    "molecule connect --backend exec --backend-opt cwd=d/sub/",
  ],
  ["molecule dev --db d/tok", "molecule dev --db d/token "],
  ["molecule dev --db ~/tok", "molecule dev --db ~/token "],
  ["molecule dev --db $HOME/tok", "molecule dev --db $HOME/token "],
  ["molecule dev --db=$HOME/tok", "molecule dev --db=$HOME/token "],
  ["molecule connect --state-dir $HOME/d/s", "molecule connect --state-dir $HOME/d/sub/"],
  ["molecule connect --state-dir=$HOME/d/o", "molecule connect --state-dir=$HOME/d/own\\ folder/"],
  ["molecule dev --db d/p", "molecule dev --db d/p\\$HOME "],
];

/** Lines that nothing is known of, or where anything may stand. */
const NO_WAY = [
  "molecule connect ",
  "molecule connect tok",
  "molecule connect w -- --mo",
  "molecule connect --token ",
  "molecule connect --token=",
  "molecule connect --agent-name tok",
  "molecule connect --state-dir d/tok",
  "molecule connect --backend mock --backend-opt preset=g",
  "molecule connect --backend-opt reply=",
  "molecule bogus ",
  "molecule help bogus ",
  "molecule dev --bogus=",
  "molecule help connect ",
  "molecule dev --port 0 fa",
  "molecule dev send --eph",
  "molecule agent send w hello --once=",
  "molecule connect --help=",
];

const KNOWN = [
  { id: "0f8fad5b-d9cb-469f-a165-70867728950e", name: "Ada" },
  { id: "1b4e28ba-2fa1-41d2-883f-0016d3cca427", name: "Ben (the 'other' one)" },
] as const;

/** Lines that go on with the id of a workspace that this machine has met. */
const NAMED = [
  ...["connect ", "doctor ", "dead-letter list ", "dead-letter retry ", "dead-letter show "],
  ...["agent send ", "agent send --as ", "agent send --as=", "agent send -v ", "agent inspect "],
  ...["agent peers ", "agent list --workspace ", "workspace inspect ", "workspace delete "],
  ...["workspace restart ", "workspace rotate-token ", "workspace logs ", "workspace logs --peer "],
  ...["workspace delegate ", "workspace delegate w ", "workspace create new --parent "],
  ...["token list ", "token revoke ", "store migrate ", "store migrate w ", "store status "],
].map((words) => `molecule ${words}1b`);

const sorted = (words: Iterable<string>) => [...words].sort();
const optionsOf = (name: string) =>
  Object.keys(BACKENDS.find((type) => type.name === name)?.options ?? {});
const commands = Object.values(ROOT.subCommands).map(({ meta }) => meta.name);

const LIST_FLAGS = [
  ...["--api-url", "--ca-file", "--config", "--headers", "--help", "--no-headers", "--output"],
  ...["--state-dir", "--store", "--store-file", "--verbose", "--version"],
  ...["-h", "-o", "-v"],
];
const fewer = (...given: string[]) => LIST_FLAGS.filter((name) => !given.includes(name));

/** Lines with many ways to go on. */
const MANY_WAYS: [line: string, offered: string[]][] = [
  ["molecule ", sorted([...commands, "help"])],
  ["molecule help ", sorted(commands)],
  ["molecule dead-letter ", ["drop", "list", "retry", "show"]],
  ["molecule completion ", ["bash", "fish", "powershell", "zsh"]],
  ["molecule -o ", ["json", "table", "yaml"]],
  ["molecule agent send --output ", ["json", "table", "yaml"]],
  ["molecule connect --backend ", sorted(BACKENDS.map(({ name }) => name))],
  ["molecule connect --allow-from ", ["all", "canvas", "peers"]],
  [
    "molecule connect --backend acp --backend-opt ",
    sorted(optionsOf("acp").map((key) => `${key}=`)),
  ],
  [
    "molecule connect --backend acp --backend-opt preset=gemini --backend-opt mode=x --backend-opt ",
    sorted(
      optionsOf("acp")
        .filter((key) => key !== "preset" && key !== "mode")
        .map((key) => `${key}=`),
    ),
  ],
  [
    "molecule connect --once --no-",
    ["--no-dry-run", "--no-headers", "--no-verbose", "--no-wait-lock"],
  ],
  [
    "molecule connect --mode=push --m",
    ["--max-attempts", "--max-offline", "--max-paused", "--max-workspaces"],
  ],
  ["molecule connect w --backend-opt a=b --backend", ["--backend", "--backend-opt"]],
  ["molecule connect -v --ver", ["--version"]],
  ["molecule dead-letter list w -", LIST_FLAGS],
  ["molecule dead-letter list w ", LIST_FLAGS],
  ["molecule dead-letter list w -vojson ", fewer("--output", "-o", "--verbose", "-v")],
];

const GLOBAL_FLAGS = [
  ...["--api-url", "--help", "--output", "--verbose", "--version"],
  ...["-h", "-o", "-v"],
];
const SERVE_FLAGS = ["--depth", "--pass", "--port", "--quick", ...GLOBAL_FLAGS].sort();

/** The same for a program with what ours has not. */
const SAMPLE_WAYS: [line: string, offered: string[]][] = [
  ["molecule ", ["agent", "connect", "help", "serve"]],
  ["molecule serve s", ["stop"]],
  ["molecule serve ", [...SERVE_FLAGS, "stop"]],
  ["molecule serve --port 1 ", SERVE_FLAGS.filter((name) => name !== "--port")],
  ["molecule serve --port=1 s", []],
  ["molecule serve -v --po", ["--port"]],
  ["molecule serve -v s", ["stop"]],
  ["molecule serve stop --q", ["--quick"]],
  ["molecule serve stop --po", []],
  ["molecule serve -- ", ["stop"]],
  ["molecule help serve ", ["stop"]],
  ["molecule agent key ", ["show"]],
  ["molecule trap ", GLOBAL_FLAGS],
  ["molecule connect --s", ["--sound"]],
  ["molecule connect --no-", ["--no-dry-run", "--no-sound", "--no-verbose"]],
  ["molecule connect --no-sound --so", []],
  ["molecule connect -n 3 --co", []],
  ["molecule connect -n3 --co", []],
  ["molecule connect --grace 1s --backend ", ["claude-code", "exec", "mock"]],
  ["molecule connect w -- ", ["d", "token"]],
  ["molecule connect w -- --backend ", ["d", "token"]],
  ["molecule agent send w -- -", []],
];

/** Lines with quotes and escapes, which a terminal shows as they are. */
const QUOTED: [line: string, becomes: string][] = [
  ["molecule connect --backend 'ex", "molecule connect --backend 'exec'"],
  ['molecule connect "--backend" ex', 'molecule connect "--backend" exec'],
  ["molecule dev --db d/my\\ f", "molecule dev --db d/my\\ file"],
  ["molecule dev --db=d/my", "molecule dev --db=d/my\\ file"],
];

/** The same with a quote before the `=`. Bash takes no folder for one here, and ends the quote. */
const QUOTED_PAIRS: typeof QUOTED = [
  ['molecule connect --backend-opt "cwd=d/o', 'molecule connect --backend-opt "cwd=d/own folder/'],
  ["molecule connect --backend-opt 'cwd=d/o", "molecule connect --backend-opt 'cwd=d/own folder/"],
  ['molecule connect "--state-dir=d/o', 'molecule connect "--state-dir=d/own folder/'],
  ["molecule connect '--state-dir=d/o", "molecule connect '--state-dir=d/own folder/"],
  ['molecule connect --state-dir "d/o', 'molecule connect --state-dir "d/own folder/'],
];

describe.each(SHELLS_UNDER_TEST)("$name", ({ name, installed, tab }) => {
  const { test } = onlyWhere(installed, `${name} is not installed`);
  const shell = name.split(" ")[0] as Shell;
  const seen = new Map<string, Tabbed>();
  const seenOfKnown = new Map<string, Tabbed>();
  const seenOfSample = new Map<string, Tabbed>();

  beforeAll(async () => {
    if (!installed) return;
    using home = tmpFolder();
    for (const folder of ["sub", "own folder"]) {
      mkdirSync(join(home.path, "d", folder), { recursive: true });
    }
    for (const file of ["token", "d/token", "d/my file", "d/p$HOME"]) {
      writeFileSync(join(home.path, file), "");
    }
    const all = async (cli: Cli, lines: string[], into: Map<string, Tabbed>) => {
      const setup = { script: completionScript(shell, cli), cwd: home.path };
      const { tabbed } = await tab(setup, lines);
      for (const [i, line] of lines.entries()) into.set(line, tabbed[i] as Tabbed);
    };
    const lines = [...ONE_WAY, ...MANY_WAYS, ...QUOTED, ...QUOTED_PAIRS].map(([line]) => line);
    await all(OURS, [...lines, ...NO_WAY], seen);
    await all(
      SAMPLE,
      SAMPLE_WAYS.map(([line]) => line),
      seenOfSample,
    );
    await replaceKnown(KNOWN, { HOME: home.path, USERPROFILE: home.path }, NEVER_LATE);
    await all(OURS, NAMED, seenOfKnown);
  });

  test.each(ONE_WAY)("'%s' becomes '%s'", (line, becomes) => {
    expect(seen.get(line)?.line).toBe(becomes);
  });

  test.each(NO_WAY)("'%s' stays, and nothing is offered", (line) => {
    expect(seen.get(line)).toEqual({ line, offered: [] });
  });

  test.each(MANY_WAYS)("'%s' offers %j", (line, offered) => {
    expect(sorted(seen.get(line)?.offered ?? [])).toEqual(offered);
  });

  test.each(NAMED)("'%s' becomes the id of a known workspace", (line) => {
    expect(seenOfKnown.get(line)?.line).toBe(`${line.slice(0, -2)}${KNOWN[1].id} `);
  });

  test.each(QUOTED)("'%s' becomes '%s'", (line, becomes) => {
    expect(seen.get(line)?.line.trimEnd()).toBe(becomes);
  });

  if (shell !== "bash") {
    test.each(QUOTED_PAIRS)("'%s' becomes '%s'", (line, becomes) => {
      expect(seen.get(line)?.line).toBe(becomes);
    });
  }

  test.each(SAMPLE_WAYS)("'%s' of a sample offers %j", (line, offered) => {
    // Some shells mark a folder by a slash.
    const words = seenOfSample.get(line)?.offered.map((word) => word.replace(/\/$/, ""));
    expect(sorted(words ?? [])).toEqual(offered);
  });
});

onlyWhere(Bun.which("bash") !== null, "bash is not installed").test(
  "bash completes words that come without the line, as scripts have them",
  async () => {
    using home = tmpFolder();
    await Bun.write(join(home.path, "script"), completionScript("bash", OURS));
    const program = `source ./script
COMP_WORDS=(molecule connect --backend = ac) COMP_CWORD=4; _molecule; echo "$COMPREPLY"
COMP_WORDS=(molecule connect --backend-opt preset = gem) COMP_CWORD=5; _molecule; echo "$COMPREPLY"
COMP_WORDS=(molecule connect --backend =) COMP_CWORD=3; _molecule; echo "\${COMPREPLY[@]}"`;
    const { stdout } = Bun.spawnSync(["bash", "--norc", "-c", program], {
      cwd: home.path,
      env: { PATH: process.env.PATH ?? "" },
    });
    const names = BACKENDS.map(({ name }) => name).join(" ");
    expect(stdout.toString()).toBe(`acp\ngemini\n${names}\n`);
  },
);
