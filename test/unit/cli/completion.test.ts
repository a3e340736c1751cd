/** What the scripts are made of, and what they promise without a shell at hand. */
import { describe, expect, test } from "bun:test";
import { command, commandAt, group } from "../../../src/cli/command.ts";
import { loadAll, walk } from "../../../src/cli/tree.ts";
import bashListed from "../../../src/cli/completion/listed.bash" with { type: "text" };
import bashRuntime from "../../../src/cli/completion/runtime.bash" with { type: "text" };
import { completionScript } from "../../../src/cli/completion/script.ts";
import { SHELLS } from "../../../src/cli/completion/shells.ts";
import { type Tables, tablesOf } from "../../../src/cli/completion/tables.ts";
import { kebab } from "../../../src/cli/flag.ts";
import { runCli } from "../../../src/cli/run.ts";
import { GLOBALS } from "../../../src/commands/globals.ts";
import { ROOT } from "../../../src/commands/index.ts";
import { WORKSPACES } from "../../../src/commands/which/workspace-offer.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { globals, sample } from "./sample.ts";

const OURS = { root: ROOT, globals: GLOBALS, version: "1" };
await loadAll(ROOT);
const SAMPLE = { root: sample(() => undefined), globals, version: "1" };

/** What a script would have set after a look into a table. */
function look(tables: Tables, name: keyof Tables, key: string) {
  const row = tables[name].find(({ keys }) => keys.includes(key));
  return row && Object.fromEntries(row.sets);
}

const valuesOf = (choices: unknown) =>
  Array.isArray(choices) ? choices.map(({ value }: { value: string }) => value) : choices;

describe.each(SHELLS)("the script for %s", (shell) => {
  const script = completionScript(shell, OURS);

  test("is the same each time, and says nothing of a version", () => {
    expect(completionScript(shell, { ...OURS, version: "2" })).toBe(script);
  });

  test("names every command and every flag", () => {
    for (const { node, path } of walk(ROOT)) {
      expect(script).toContain(`'${path.slice(1).join(" ")}'`);
      if (node.kind === "group") continue;
      for (const key of Object.keys(node.args)) expect(script).toContain(`--${kebab(key)}`);
    }
  });

  test("ends in a new line, and holds no place that was left unfilled", () => {
    expect(script).toEndWith("\n");
    expect(script).not.toMatch(/<(tables|common|listed|pairs)>/);
  });

  test("does not run the program", () => {
    const code = script.replace(/^\s*#.*$/gm, "").replace(/'[^'\n]*'/g, "");
    expect(code).not.toMatch(/\$\(\s*molecule|`molecule|&\s*molecule|\(molecule/);
  });
});

test("the script for bash keeps to what bash 3.2 of macOS can do", () => {
  const code = (bashRuntime + bashListed).replace(/^\s*#.*$/gm, "");
  const newer = [
    /\b(declare|local|typeset) -[a-z]*[Agn]/, // associative and global variables, references
    /\b(mapfile|readarray|coproc)\b/,
    /\$\{\w+(\[[^\]]*\])?(,|\^|@[A-Z])/, // ${x,,} ${x^} ${x@Q}
    /&>>|\|&|;;?&/,
    /\[\[ -[vR] |\bwait -n\b|\bprintf '?%\(/,
    /\[-\d+\]|:\s*-\d+\}/, // from the end of an array or a text
    /\+=\(/, // there, but not next to local
  ];
  for (const pattern of newer) expect(code).not.toMatch(pattern);
  // Its parser takes a case's bracket in a substitution for the end of that.
  expect(code).not.toMatch(/\$\([^)]*\bcase\b/);
});

describe("what is known of a flag is what its declaration says", () => {
  const ours = tablesOf(OURS);
  const theirs = tablesOf(SAMPLE);

  test.each([
    ["connect --mode", { kind: "words", choices: ["poll", "push"] }],
    ["connect --token-file", { kind: "file" }],
    ["agent send --file", { kind: "file", many: "yes" }],
    ["agent send --api-token-file", { kind: "file" }],
    ["dev --db", { kind: "file" }],
    ["connect --state-dir", { kind: "folder" }],
    ["dead-letter list --state-dir", { kind: "folder" }],
    ["connect --token", { kind: "text" }],
    ["connect --once", { kind: "switch" }],
    ["connect --no-once", { flag: "--once", kind: "plain" }],
    ["--output", { kind: "words", choices: ["table", "json", "yaml"] }],
    ["-o", { flag: "--output" }],
    ["-h", { flag: "--help", kind: "plain" }],
  ])("%s", (key, known) => {
    const found = look(ours, "flag", key);
    const shown = { ...found, choices: valuesOf(found?.["choices"]) };
    expect(shown).toMatchObject(known);
  });

  test("a flag that is on by default is offered with its no- form, any other without", () => {
    const { offered, negatives } = look(theirs, "flags", "connect") ?? {};
    expect(valuesOf(offered)).toContain("--no-sound");
    expect(valuesOf(offered)).not.toContain("--no-dry-run");
    expect(valuesOf(negatives)).toEqual(["--no-dry-run"]);
  });

  test("a hidden command is known but not offered", () => {
    expect(look(theirs, "node", "trap")).toBeDefined();
    expect(valuesOf(look(theirs, "node", "")?.["below"])).toEqual(["connect", "agent", "serve"]);
  });

  test("a group that is a command has its flags, and says that it runs", () => {
    expect(look(theirs, "node", "serve")).toMatchObject({ group: "yes", runs: "yes" });
    expect(look(theirs, "node", "agent")).not.toHaveProperty("runs");
    expect(look(theirs, "flag", "serve --port")).toMatchObject({ flag: "--port", kind: "text" });
    expect(look(theirs, "flag", "serve stop --port")).toBeUndefined();
  });

  test("help is offered by the program, unless a command has that name", () => {
    expect(valuesOf(look(ours, "node", "")?.["once"])).toEqual(["help"]);
    expect(look(ours, "node", "agent")).not.toHaveProperty("once");
    const help = command({ name: "help", summary: "its own", run: () => {} });
    const root = group({ name: "molecule", summary: "it", commands: [help] });
    expect(look(tablesOf({ ...SAMPLE, root }), "node", "")).not.toHaveProperty("once");
  });

  test("a key of several backends tells whose it is, and has the values of all", () => {
    const all = look(ours, "keys", "connect --backend-opt")?.["choices"];
    const summaries = new Map(
      Array.isArray(all) ? all.map(({ value, summary }) => [value, summary]) : [],
    );
    expect(summaries.get("preset=")).toBe("acp: an agent that is known by name");
    expect(summaries.get("format=")).toBe("exec, http");
    const format = look(ours, "pair", "connect --backend-opt format")?.["choices"];
    expect(valuesOf(format)).toEqual(["text", "json", "a2a", "raw"]);
    const own = look(ours, "pair", "connect --backend-opt http format")?.["choices"];
    expect(valuesOf(own)).toEqual(["a2a", "raw"]);
  });
});

test("wherever a workspace is named, those that are known are offered", () => {
  const missing = walk(ROOT).flatMap(({ node, path }) => {
    const known = commandAt(node);
    if (known === undefined) return [];
    const flags = Object.entries(known.args).filter(
      ([, { valueHint }]) => valueHint === "workspace" || valueHint === "workspace-id",
    );
    const words = known.positionals.filter(({ name }) => /^(workspace|target)Id$/.test(name));
    return [
      ...flags.map(([key, { complete }]) => ({ name: `--${kebab(key)}`, complete })),
      ...words,
    ].flatMap(({ name, complete }) =>
      complete === WORKSPACES ? [] : [`${path.join(" ")} ${name}`],
    );
  });
  expect(missing).toEqual([]);
  const set = { kind: "listed", list: ".config/molecule/workspaces.tsv" };
  const ours = tablesOf(OURS);
  expect(look(ours, "place", "connect 0")).toEqual(set);
  // There may be many.
  expect(look(ours, "place", "connect 3")).toEqual(set);
  expect(look(ours, "flag", "agent send --as")).toEqual({ flag: "--as", ...set });
});

describe("a positional with values", () => {
  const one = command({
    name: "one",
    summary: "takes a shape",
    positionals: [{ name: "shape", summary: "which", required: true, values: ["round", "square"] }],
    run: () => {},
  });
  const root = group({ name: "molecule", summary: "it", commands: [one] });

  const run = async (...argv: string[]) => {
    let [out, err] = ["", ""];
    const io = {
      secrets: new Secrets(),
      out: async (text: string) => void (out += text),
      err: (line: string) => void (err += line),
    };
    const code = await runCli({ ...SAMPLE, root, argv, env: {}, io });
    return { code, out, err };
  };

  test("is completed by them", () => {
    const place = look(tablesOf({ ...SAMPLE, root }), "place", "one 0");
    expect(valuesOf(place?.["choices"])).toEqual(["round", "square"]);
  });

  test("takes no other word, and names the nearest", async () => {
    const wrong = await run("one", "sqare");
    expect(wrong).toMatchObject({ code: 2, out: "" });
    expect(wrong.err).toContain('<shape> must be one of round, square, not "sqare"');
    expect(wrong.err).toContain('Did you mean "square"?');
    expect(await run("one", "square")).toMatchObject({ code: 0 });
  });

  test("is shown with them in the help", async () => {
    const { out } = await run("one", "--help");
    expect(out).toContain("<shape>  which (round|square)");
  });
});
