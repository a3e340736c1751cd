import { type MoleculeError, UsageError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import { type Command, type Env, type Positional, placeholder, type Source } from "./command.ts";
import type { CommandLine } from "./command-line.ts";
import type { CommandConfig } from "./config/command-config.ts";
import { snake, variablesOf } from "./config/variables.ts";
import type { Flag } from "./flag.ts";
import type { Entry } from "./flag-table.ts";
import { readValue } from "./value.ts";

/** A value and where it came from. */
export interface Setting {
  readonly value: unknown;
  readonly source: Source;
  /** What gave it, for messages: `--count`, a variable, `./molecule.yaml:3`. */
  readonly origin?: string;
  /** As it was given there. */
  readonly texts?: readonly string[];
  /** Why it may not be used; told to whoever asks for it. */
  readonly refusal?: MoleculeError;
}

/** The values of a command line: the command's own by name, all flags by their declaration. */
export interface Settings {
  readonly values: Record<string, unknown>;
  readonly byFlag: ReadonlyMap<Flag, Setting>;
  readonly byName: ReadonlyMap<string, Setting>;
}

/**
 * Gives each flag and positional its value: from the command line, else a variable, else the config
 * files, else the default. An empty variable counts as unset. Throws a UsageError for what has no
 * meaning, is missing, or is too much; and for a flag of the command's own the MoleculeError that its
 * value may not be used. Of a global flag that is told when it is asked for.
 */
export function resolve(
  line: CommandLine,
  command: Command,
  env: Env,
  secrets: Secrets,
  config?: CommandConfig,
): Settings {
  const values: Record<string, unknown> = {};
  const byFlag = new Map<Flag, Setting>();
  const byName = new Map<string, Setting>();
  for (const entry of line.flags.entries()) {
    const setting = settingOf(entry, line, env, secrets, config);
    byFlag.set(entry.flag, setting);
    byName.set(entry.key, setting);
    if (!Object.hasOwn(command.args, entry.key)) continue;
    if (setting.refusal !== undefined) throw setting.refusal;
    values[entry.key] = setting.value;
  }
  for (const [name, word] of wordsOf(line, command, secrets)) {
    const isGiven = Array.isArray(word) ? word.length > 0 : word !== undefined;
    byName.set(name, { value: word, source: isGiven ? "flag" : "unset" });
    values[name] = word;
  }
  return { values, byFlag, byName };
}

/** What a flag is set to. Throws a UsageError for a text without meaning, but never its refusal. */
export function settingOf(
  entry: Entry,
  line: Pick<CommandLine, "flags" | "given">,
  env: Env,
  secrets: Secrets,
  config: CommandConfig | undefined,
): Setting {
  const { name, key, flag } = entry;
  const texts = line.given.get(entry);
  if (texts !== undefined) return said(flag, texts, "flag", `--${name}`, secrets);
  for (const variable of variablesOf(key, flag)) {
    const text = env[variable];
    if (text) return said(flag, [text], "env", variable, secrets);
  }
  const found = fromFiles(entry, secrets, config);
  const counts = found !== undefined && !belongsElsewhere(entry, found, line, env, secrets, config);
  return counts ? found : fallback(entry);
}

function said(
  flag: Flag,
  texts: readonly string[],
  source: Source,
  origin: string,
  secrets: Secrets,
): Setting {
  return { value: read(flag, texts, origin, secrets), source, origin, texts };
}

function fromFiles(
  { name, key, flag }: Entry,
  secrets: Secrets,
  config: CommandConfig | undefined,
): Setting | undefined {
  if (config === undefined || flag.config === undefined) return undefined;
  for (const found of config.all(snake(key))) {
    const { texts, kind, origin } = found;
    const refusal = config.refusal(found, name);
    if (refusal === "passed over") continue;
    const value = read(flag, texts, `${origin}: ${found.key}`, secrets);
    const from = { source: kind, origin, texts };
    if (refusal === undefined) return { value, ...from };
    return { value: fallback({ name, key, flag }).value, ...from, refusal };
  }
  return undefined;
}

/**
 * Options in a file belong to what they are options of there: with another `--backend` than the file's
 * they have no meaning.
 */
function belongsElsewhere(
  { flag: { complete } }: Entry,
  { source }: Setting,
  line: Pick<CommandLine, "flags" | "given">,
  env: Env,
  secrets: Secrets,
  config: CommandConfig | undefined,
): boolean {
  if (config === undefined || typeof complete !== "object" || !("by" in complete)) return false;
  const owner = line.flags.long(complete.by);
  if (owner === undefined) return false;
  const from = config.kinds.findIndex((kind) => kind === source);
  const there = config.all(snake(owner.key)).find(({ kind }) => config.kinds.indexOf(kind) >= from);
  const then = there?.texts[0] ?? owner.flag.fallback;
  const { texts, value } = settingOf(owner, line, env, secrets, config);
  // As it was written: of what may not be used, the value is the default.
  return (texts?.[0] ?? value) !== then;
}

function fallback({ flag }: Entry): Setting {
  // A copy, so that a command can't change the default for the next one.
  const value = Array.isArray(flag.fallback) ? [...flag.fallback] : flag.fallback;
  return { value, source: flag.defaultText === undefined ? "unset" : "default" };
}

function read(flag: Flag, texts: readonly string[], from: string, secrets: Secrets): unknown {
  const values = texts.map((text) => readValue(flag, text, from, secrets));
  return flag.kind === "strings" ? values : values[0];
}

function wordsOf(
  { words }: CommandLine,
  { positionals }: Command,
  secrets: Secrets,
): [name: string, word: string | string[] | undefined][] {
  const many = positionals.at(-1)?.many === true;
  const extra = many ? undefined : words[positionals.length];
  if (extra !== undefined) {
    throw new UsageError(`unexpected argument "${oneLine(secrets.mask(extra), 60)}"`);
  }
  return positionals.map((positional, i) => {
    const { name, required, many } = positional;
    const mine = words.slice(i, many === true ? undefined : i + 1);
    if (mine.length === 0 && required === true) {
      throw new UsageError(`missing argument ${placeholder(positional)}`);
    }
    for (const word of mine) checkWord(positional, word, secrets);
    return [name, many === true ? mine : mine[0]];
  });
}

function checkWord(positional: Positional, word: string, secrets: Secrets): void {
  const { values } = positional;
  if (word === "") throw new UsageError(`argument ${placeholder(positional)} is empty`);
  if (values?.includes(word) !== false) return;
  const near = nearest(word, values);
  throw new UsageError(
    `argument ${placeholder(positional)} must be one of ${values.join(", ")}, not "${oneLine(secrets.mask(word), 60)}"`,
    near && `Did you mean "${near}"?`,
  );
}
