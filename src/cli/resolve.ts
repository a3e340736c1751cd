import { UsageError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import { type Command, type Env, placeholder, type Source } from "./command.ts";
import type { CommandLine } from "./command-line.ts";
import type { Flag } from "./flag.ts";
import type { Entry } from "./flag-table.ts";
import { readValue } from "./value.ts";

/** A value and where it came from. */
export interface Setting {
  readonly value: unknown;
  readonly source: Source;
}

/** The values of a command line: the command's own by name, all flags by their declaration. */
export interface Settings {
  readonly values: Record<string, unknown>;
  readonly byFlag: ReadonlyMap<Flag, Setting>;
  readonly byName: ReadonlyMap<string, Setting>;
}

/**
 * Gives each flag and positional its value: from the command line, else the variable, else the
 * default. An empty variable counts as unset. Throws a UsageError for what has no meaning, is
 * missing, or is too much.
 */
export function resolve(line: CommandLine, command: Command, env: Env, secrets: Secrets): Settings {
  const values: Record<string, unknown> = {};
  const byFlag = new Map<Flag, Setting>();
  const byName = new Map<string, Setting>();
  for (const entry of line.flags.entries()) {
    const setting = settingOf(entry, line.given.get(entry), env, secrets);
    byFlag.set(entry.flag, setting);
    byName.set(entry.key, setting);
    if (Object.hasOwn(command.args, entry.key)) values[entry.key] = setting.value;
  }
  for (const [name, word] of wordsOf(line, command, secrets)) {
    byName.set(name, { value: word, source: word === undefined ? "unset" : "flag" });
    values[name] = word;
  }
  return { values, byFlag, byName };
}

function settingOf(
  { name, flag }: Entry,
  given: readonly string[] | undefined,
  env: Env,
  secrets: Secrets,
): Setting {
  if (given !== undefined) {
    const values = given.map((text) => readValue(flag, text, `--${name}`, secrets));
    return { value: flag.kind === "strings" ? values : values[0], source: "flag" };
  }
  const text = flag.env === undefined ? undefined : env[flag.env];
  if (flag.env !== undefined && text !== undefined && text !== "") {
    return { value: readValue(flag, text, flag.env, secrets), source: "env" };
  }
  // A copy, so that a command can't change the default for the next one.
  const value = Array.isArray(flag.fallback) ? [...flag.fallback] : flag.fallback;
  return { value, source: flag.defaultText === undefined ? "unset" : "default" };
}

function wordsOf(
  { words }: CommandLine,
  { positionals }: Command,
  secrets: Secrets,
): [name: string, word: string | undefined][] {
  const extra = words[positionals.length];
  if (extra !== undefined) {
    throw new UsageError(`unexpected argument "${oneLine(secrets.mask(extra), 60)}"`);
  }
  return positionals.map((positional, i) => {
    const word = words[i];
    if (word === undefined && positional.required) {
      throw new UsageError(`missing argument ${placeholder(positional)}`);
    }
    if (word === "") throw new UsageError(`argument ${placeholder(positional)} is empty`);
    const { values } = positional;
    if (word !== undefined && values?.includes(word) === false) {
      const near = nearest(word, values);
      throw new UsageError(
        `argument ${placeholder(positional)} must be one of ${values.join(", ")}, not "${oneLine(secrets.mask(word), 60)}"`,
        near && `Did you mean "${near}"?`,
      );
    }
    return [positional.name, word];
  });
}
