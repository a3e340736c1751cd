import { BUILT_IN_FLAGS, HELP_COMMAND, tellsOfHelp } from "../built-in.ts";
import { type Cli, type Command, commandAt, type Node } from "../command.ts";
import { walk } from "../tree.ts";
import { type Flags, kebab } from "../flag.ts";
import type { Choice, Offer } from "./offer.ts";
import { keyRows, pairRows } from "./pairs.ts";
import { slot } from "./slot.ts";

/**
 * What a shell must know to complete command lines. A script looks a key up in a table, which sets the
 * variables that are told here; what a row leaves out is empty.
 */
export interface Tables {
  /**
   * By the words that lead to a command (`agent send`; nothing for the program itself). `group` is set
   * for a group, with what may stand `below` it, and what may do so `once`; `runs` for one that is a
   * command as well, with flags of its own; `passes` where words after `--` are handed on.
   */
  readonly node: readonly Row[];
  /** By the same: the flags that are `offered`; `negatives`, the `--no-` forms of those that are off. */
  readonly flags: readonly Row[];
  /**
   * By the words and a flag (`connect --mode`), or by the flag alone (`--output`) where every command
   * has it. `flag` is its long form, `many` is set if it may be given again, `kind` is `plain` for one
   * without a value, `switch` for one with a value only behind `=`, or what `slot` says.
   */
  readonly flag: readonly Row[];
  /** By the words and the place of a positional, counted from 0: what `slot` says. */
  readonly place: readonly Row[];
  /** By a scope and what the deciding flag says, or by the scope alone: `choices`, the keys of pairs. */
  readonly keys: readonly Row[];
  /** By the same and a key: what `slot` says of its value. */
  readonly pair: readonly Row[];
}

export interface Row {
  readonly keys: readonly string[];
  readonly sets: readonly Setting[];
}

/** A variable and its value: a list where it holds choices. */
export type Setting = readonly [name: string, value: string | readonly Choice[]];

/** The tables of a program, in the order of its declarations. */
export function tablesOf(cli: Cli): Tables {
  const nodes = walk(cli.root).map(({ node, path }) => ({
    node,
    id: path.slice(1).join(" "),
  }));
  const commands = nodes.flatMap(({ node: at, id }) => {
    const node = commandAt(at);
    return node === undefined ? [] : { node, id };
  });
  const sets = [
    ...commands.map(({ node, id }) => ({ id, flags: node.args, builtIn: [] as Choice[] })),
    { id: "", flags: cli.globals, builtIn: BUILT_IN_CHOICES },
  ];
  const pairs = sets.flatMap(({ id, flags }) => pairsOf(id, flags));
  return {
    node: joined(nodes.map(({ node, id }) => ({ keys: [id], sets: nodeSets(cli, node) }))),
    flags: sets.map(({ id, flags, builtIn }) => ({ keys: [id], sets: flagLists(flags, builtIn) })),
    flag: joined([...sets.flatMap(({ id, flags }) => flagRows(id, flags)), ...BUILT_IN_ROWS]),
    place: joined(commands.flatMap(({ node, id }) => placeRows(id, node))),
    keys: pairs.flatMap(([scope, offer]) => keyRows(scope, offer)),
    pair: joined(pairs.flatMap(([scope, offer]) => pairRows(scope, offer))),
  };
}

const BUILT_IN = BUILT_IN_FLAGS.map(({ name, letter, summary }) => ({
  name: `--${name}`,
  words: [`--${name}`, ...(letter === undefined ? [] : [`-${letter}`])],
  summary,
}));

const BUILT_IN_CHOICES: Choice[] = BUILT_IN.flatMap(({ words, summary }) =>
  words.map((value) => ({ value, summary })),
);

const BUILT_IN_ROWS: Row[] = BUILT_IN.map(({ name, words }) => ({
  keys: words,
  sets: plain(name),
}));

function nodeSets(cli: Cli, node: Node): Setting[] {
  if (node.kind === "command") return node.passthrough === undefined ? [] : [["passes", "yes"]];
  const commands = Object.values(node.subCommands)
    .filter(({ meta }) => !meta.hidden)
    .map(({ meta }) => ({ value: meta.name, summary: meta.description }));
  const sets: Setting[] = [
    ["group", "yes"],
    ["below", commands],
    ...(node.main === undefined ? [] : [["runs", "yes"] as const]),
  ];
  if (!tellsOfHelp(cli, node)) return sets;
  return [...sets, ["once", [{ value: HELP_COMMAND.name, summary: HELP_COMMAND.summary }]]];
}

function flagLists(flags: Flags, builtIn: readonly Choice[]): Setting[] {
  const offered: Choice[] = [];
  const negatives: Choice[] = [];
  for (const [key, { description: summary, alias, ...flag }] of Object.entries(flags)) {
    offered.push({ value: `--${kebab(key)}`, summary });
    if (alias !== undefined) offered.push({ value: `-${alias}`, summary });
    if (flag.kind !== "boolean") continue;
    const negative = { value: `--no-${kebab(key)}`, summary: `not: ${summary}` };
    (flag.fallback === true ? offered : negatives).push(negative);
  }
  return [
    ["offered", [...offered, ...builtIn]],
    ["negatives", negatives],
  ];
}

function flagRows(id: string, flags: Flags): Row[] {
  return Object.entries(flags).flatMap(([key, flag]): Row[] => {
    const name = `--${kebab(key)}`;
    const at = (word: string) => `${id} ${word}`.trimStart();
    const keys = [name, ...(flag.alias === undefined ? [] : [`-${flag.alias}`])].map(at);
    if (flag.kind === "boolean") {
      const negative = { keys: [at(`--no-${kebab(key)}`)], sets: plain(name) };
      const positive: Setting[] = [
        ["flag", name],
        ["kind", "switch"],
      ];
      return [{ keys, sets: positive }, negative];
    }
    const many: Setting[] = flag.kind === "strings" ? [["many", "yes"]] : [];
    return [{ keys, sets: [["flag", name], ...many, ...slot(at(name), offerOf(flag))] }];
  });
}

function plain(name: string): Setting[] {
  return [
    ["flag", name],
    ["kind", "plain"],
  ];
}

function offerOf({ complete, options }: Offered): Offer | undefined {
  return complete ?? options?.map((value) => ({ value }));
}

/** What a flag and a positional have to say of their values. */
interface Offered {
  readonly complete?: Offer | undefined;
  readonly options?: readonly string[] | undefined;
}

/** Words that are offered something where there may be any number of them. */
const MANY_WORDS = 10;

function placeRows(id: string, { positionals }: Command): Row[] {
  return positionals.map(({ values: options, complete, many }, i) => ({
    keys: Array.from({ length: many === true ? MANY_WORDS : 1 }, (_, n) => `${id} ${i + n}`),
    sets: slot(`${id} ${i}`, offerOf({ options, complete })),
  }));
}

function pairsOf(id: string, flags: Flags) {
  return Object.entries(flags).flatMap(([key, { complete }]) =>
    typeof complete === "object" && "by" in complete
      ? [[`${id} --${kebab(key)}`.trimStart(), complete] as const]
      : [],
  );
}

/** Rows that say the same as one, to keep scripts short. */
function joined(rows: readonly Row[]): Row[] {
  const groups = Map.groupBy(rows, ({ sets }) => JSON.stringify(sets));
  return [...groups.values()].map((group) => ({
    keys: group.flatMap(({ keys }) => keys),
    sets: group[0]?.sets ?? [],
  }));
}
