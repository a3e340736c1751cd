import { BUILT_IN_FLAGS, type BuiltInFlag, HELP_COMMAND, tellsOfHelp } from "./built-in.ts";
import { pad, wrap } from "./columns.ts";
import {
  type Cli,
  type Command,
  commandAt,
  type Env,
  type Group,
  type Node,
  placeholder,
} from "./command.ts";
import { type Flag, type Flags, kebab } from "./flag.ts";

/** How help is written. */
export interface HelpOptions {
  readonly width?: number;
  /** Also what few need: flags that are `advanced`, and what a command has `more` to say. */
  readonly all?: boolean;
}

/** The help of a command or group as plain text; `path` holds the words that lead to it. */
export function renderHelp(
  cli: Cli,
  node: Node,
  path: readonly string[],
  { width = NARROWEST, all = false }: HelpOptions = {},
): string {
  const command = commandAt(node);
  const shown = (flags: Flags) => (all ? flags : common(flags));
  const globals = shown(cli.globals);
  const text = [
    usage(node, path),
    ...wrap(`${capitalised(node.meta.description)}.`, width),
    ...paragraphs(node.details, width),
    ...paragraphs(all ? command?.more : undefined, width),
    ...(node.kind === "group" ? commandRows(cli, node, width) : []),
    ...section("Arguments:", argumentRows(command), width),
    ...section("Flags:", flagRows(shown(command?.args ?? {})), width),
    ...(all || node === cli.root
      ? section("Global flags:", [...flagRows(globals), ...BUILT_IN_FLAGS.map(builtInRow)], width)
      : globalNames(cli, globals, width)),
    ...(all ? [] : hidden(cli, command, path)),
    ...(node.examples.length === 0 ? [] : ["", "Examples:"]),
    ...node.examples.map((example) => `  ${example}`),
  ];
  if (node.kind === "group")
    text.push("", `Run '${path.join(" ")} <command> --help' for more about a command.`);
  return `${text.join("\n")}\n`;
}

/** The width for help: what the shell says of the terminal, between 80 and 100 columns. */
export function helpWidth(env: Env): number {
  const columns = /^\d{1,4}$/.test(env["COLUMNS"] ?? "") ? Number(env["COLUMNS"]) : NARROWEST;
  return Math.min(Math.max(columns, NARROWEST), WIDEST);
}

const NARROWEST = 80;
const WIDEST = 100;

/** Names wider than this get a line of their own. */
const WIDEST_NAME = 30;

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

type Row = [name: string, text: string];

function usage(node: Node, path: readonly string[]): string {
  const words = ["Usage:", ...path];
  if (node.kind === "group") {
    const below = [...words, "<command>", "[flags]"].join(" ");
    if (node.main === undefined) return `${below}\n`;
    return `${[...words, "[flags]"].join(" ")}\n${below.replace("Usage:", "      ")}\n`;
  }
  words.push(...node.positionals.map(placeholder), "[flags]");
  if (node.passthrough !== undefined) words.push("[-- <words...>]");
  return `${words.join(" ")}\n`;
}

function paragraphs(details: string | undefined, width: number): string[] {
  if (details === undefined) return [];
  return details
    .trim()
    .split(/\n\s*\n/)
    .flatMap((part) => ["", ...(/^ /m.test(part) ? part.split("\n") : wrap(part, width))]);
}

function commandRows(cli: Cli, group: Group, width: number): string[] {
  const rows = Object.values(group.subCommands)
    .filter(({ meta }) => !meta.hidden)
    .map(({ meta }): Row => [meta.name, meta.description]);
  if (tellsOfHelp(cli, group)) rows.push([HELP_COMMAND.name, HELP_COMMAND.summary]);
  return section("Commands:", rows, width);
}

function argumentRows(command: Command | undefined): Row[] {
  const rows = (command?.positionals ?? []).map((one): Row => {
    const note = one.values === undefined ? "" : ` (${one.values.join("|")})`;
    return [placeholder(one), one.summary + note];
  });
  const words = command?.passthrough;
  return words === undefined ? rows : [...rows, ["-- <words...>", words]];
}

/** The names alone: the program's own help tells the same of them for every command. */
function globalNames(cli: Cli, flags: Flags, width: number): string[] {
  const names = Object.entries(flags).map(([key, flag]) => {
    const value = flag.options?.join("|") ?? (flag.kind === "boolean" ? "" : `<${flag.valueHint}>`);
    return `${flag.alias === undefined ? "" : `-${flag.alias}/`}--${kebab(key)} ${value}`.trimEnd();
  });
  const text = `Global flags: ${names.join(", ")}. '${cli.root.meta.name} --help' tells of them.`;
  return ["", ...wrap(text, width)];
}

function common(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([, { advanced }]) => !advanced));
}

/** How much is left out, and how to see it. */
function hidden(cli: Cli, command: Command | undefined, path: readonly string[]): string[] {
  const flags = [...Object.values(cli.globals), ...Object.values(command?.args ?? {})];
  const count = flags.filter(({ advanced }) => advanced).length;
  if (count === 0 && command?.more === undefined) return [];
  const flagsMore = count === 1 ? "1 more flag" : `${count} more flags`;
  return ["", `Run '${path.join(" ")} --help -v' for ${count === 0 ? "more" : flagsMore}.`];
}

function flagRows(flags: Flags): Row[] {
  return Object.entries(flags).map(([key, flag]) => [flagName(key, flag), flagText(flag)]);
}

function builtInRow({ name, letter, summary }: BuiltInFlag): Row {
  return [`${shortForm(letter)}--${name}`, summary];
}

function shortForm(letter: string | undefined): string {
  return letter === undefined ? "    " : `-${letter}, `;
}

function flagName(key: string, flag: Flag): string {
  const short = shortForm(flag.alias);
  if (flag.kind === "boolean")
    return `${short}--${flag.fallback === true ? "[no-]" : ""}${kebab(key)}`;
  return `${short}--${kebab(key)} <${flag.valueHint}>`;
}

/** The summary, and in brackets what else there is to know before using the flag. */
function flagText({ description, options, min, max, defaultText, ...flag }: Flag): string {
  const notes: string[] = [];
  if (options !== undefined) notes.push(options.join("|"));
  if (min !== undefined && max !== undefined) notes.push(`${min.text} to ${max.text}`);
  else if (min !== undefined) notes.push(`at least ${min.text}`);
  else if (max !== undefined) notes.push(`at most ${max.text}`);
  if (flag.kind === "strings") notes.push("repeatable");
  if (defaultText !== undefined && flag.fallback !== false) {
    notes.push(`default ${defaultText}`);
  }
  if (flag.env !== undefined) notes.push(`$${flag.env}`);
  return notes.length === 0 ? description : `${description} (${notes.join(", ")})`;
}

function section(title: string, rows: readonly Row[], width: number): string[] {
  if (rows.length === 0) return [];
  const names = rows.map(([name]) => Bun.stringWidth(name)).filter((name) => name <= WIDEST_NAME);
  const column = Math.max(...names, 0) + 4;
  return ["", title, ...rows.flatMap(([name, text]) => rowLines(name, text, column, width))];
}

function rowLines(name: string, text: string, column: number, width: number): string[] {
  const lines = wrap(text, width - column).map((line) => " ".repeat(column) + line);
  const first = `  ${name}`;
  if (Bun.stringWidth(first) > column - 2) return [first, ...lines];
  return [pad(first, column) + (lines[0] ?? "").trimStart(), ...lines.slice(1)];
}
