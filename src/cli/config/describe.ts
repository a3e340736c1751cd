/** The state of the config: for people and scripts who ask, and for what looks after it. */
import { messageOf } from "../../shared/errors.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { type Cli, commandAt, type Context, type Env, type Source } from "../command.ts";
import { walk } from "../tree.ts";
import { type Flag, type Items, kebab } from "../flag.ts";
import { type Entry, FlagTable } from "../flag-table.ts";
import { settingOf, type Setting } from "../resolve.ts";
import { CommandConfig } from "./command-config.ts";
import { Config, type ConfigFile, type Trust } from "./config.ts";
import { allKeys, type ConfigKey, ConfigKeys } from "./keys.ts";
import { loadConfig } from "./load.ts";
import { configPlaces } from "./places.ts";
import { shownText } from "./shown.ts";
import { variablesOf } from "./variables.ts";

export interface ConfigReport {
  /** Those that were looked for, the one that counts most first. */
  files: FileReport[];
  /** Every key, and last the secrets, which stand in no file. */
  values: ValueReport[];
  /** The variables that are set and count, by name alone. */
  variables: string[];
}

export interface FileReport {
  /** As people know it: `~/.config/molecule.yaml`. */
  path: string;
  kind: ConfigFile["kind"];
  exists: boolean;
  /** Whether all of it counts; a file of the operator's own needs nobody's trust. */
  trusted: boolean;
  trust: Trust;
  problems: { message: string; line: number | null; hint: string | null }[];
}

export interface ValueReport {
  key: string;
  /** What counts, or would count if its file were trusted. Of a secret only whether it is set. */
  value: string | number | boolean | string[] | ItemReport[] | null;
  source: Source;
  /** `./molecule.yaml:3`, the name of a variable, `--api-url`; null for a default, and where nothing is set. */
  origin: string | null;
  secret: boolean;
  /** Why a command that needs it would end, if it would. */
  problem: string | null;
}

/** An item of a list, by key. */
export type ItemReport = Record<string, string | string[]>;

/** The config as a command of the context would meet it. Never throws, and shows no secret. */
export async function describeConfig(context: Context): Promise<ConfigReport> {
  const { cli, env, io } = context;
  const { config, keys } = await configFor(context);
  const flags = new FlagTable(flagsOf(keys));
  const asked = new CommandConfig(config, "strict", cli.config?.trustCommand ?? "", io.secrets);
  return {
    files: config.files.map(fileReport),
    values: [
      ...keys.all().map((key) => valueReport(key, context, asked, flags)),
      ...keys.secrets().map((key) => secretReport(key, context)),
    ],
    variables: variablesIn(cli, keys, env, io.secrets),
  };
}

/** The files as they are, whatever the command of the context has made of them. */
export async function configFor({ cli, env, io, configFile: named }: Context): Promise<{
  config: Config;
  keys: ConfigKeys;
}> {
  const keys = await allKeys(cli);
  const { config: places } = cli;
  if (places === undefined) return { config: new Config([]), keys };
  const parts = { cli, own: {}, places, env, secrets: io.secrets, named };
  return { config: await loadConfig(configPlaces(places, env, named), parts), keys };
}

function fileReport({ shown, kind, exists, trust, problems }: ConfigFile): FileReport {
  return {
    path: shown,
    kind,
    exists,
    trusted: trust === "own" || trust === "trusted",
    trust,
    problems: problems.map(({ message, line = null, hint = null }) => ({ message, line, hint })),
  };
}

function valueReport(
  { key, name, flag }: ConfigKey,
  context: Context,
  config: CommandConfig,
  flags: FlagTable,
): ValueReport {
  const { env, io } = context;
  const report = { key, value: null, secret: false, problem: null };
  if (flag.items !== undefined)
    return { ...report, ...listReport(key, config, flag.items, io.secrets) };
  if (isGiven(name, context)) {
    const value = context.get(flag) as ValueReport["value"];
    return { ...report, value, source: "flag", origin: context.origin(name) ?? null };
  }
  const entry = flags.long(kebab(name)) as Entry;
  let setting: Setting;
  try {
    setting = settingOf(entry, { flags, given: new Map() }, env, io.secrets, config);
  } catch (error) {
    const origin = variablesOf(name, flag).find((variable) => env[variable]) ?? null;
    return { ...report, source: "env", origin, problem: io.secrets.mask(messageOf(error)) };
  }
  const { source, origin = null, refusal } = setting;
  const value = plain(flag, setting, io.secrets);
  return { ...report, value, source, origin, problem: refusal?.message ?? null };
}

function listReport(
  key: string,
  config: CommandConfig,
  { flags }: Items,
  secrets: Secrets,
): Pick<ValueReport, "value" | "source" | "origin" | "problem"> {
  const list = config.list(key);
  if (list === undefined) return { value: null, source: "unset", origin: null, problem: null };
  const keys = new ConfigKeys([flags]);
  const value = list.items.map(({ values }) =>
    Object.fromEntries(
      [...values.values()].map(({ key: one, texts }): [string, string | string[]] => {
        const shown = texts.map((text) => shownText(text, secrets));
        return [one, keys.get(one)?.flag.kind === "strings" ? shown : (shown[0] ?? "")];
      }),
    ),
  );
  const { kind: source, origin, refusal } = list;
  return { value, source, origin, problem: refusal?.message ?? null };
}

/** Whether a flag stands on the command line of the context. */
function isGiven(name: string, { cli, path, source }: Context): boolean {
  const place = walk(cli.root).find((one) => one.path.join(" ") === path.join(" "));
  const own = place === undefined ? undefined : commandAt(place.node)?.args;
  return (
    (Object.hasOwn(cli.globals, name) || Object.hasOwn(own ?? {}, name)) && source(name) === "flag"
  );
}

/** Without their letters, which two commands may each have for another flag. */
function flagsOf(keys: ConfigKeys): Record<string, Flag> {
  const bare = ({ alias: _, ...flag }: Flag) => flag as Flag;
  return Object.fromEntries(keys.all().map(({ name, flag }) => [name, bare(flag)]));
}

/** The value for JSON: durations as they are written, numbers and truth as such. */
function plain(flag: Flag, { value, texts }: Setting, secrets: Secrets): ValueReport["value"] {
  if (flag.kind === "integer" || flag.kind === "boolean") {
    return (value as number | boolean | undefined) ?? null;
  }
  const shown = (texts ?? []).map((text) => shownText(text, secrets));
  if (flag.kind === "strings") return shown;
  return shown[0] ?? flag.defaultText ?? null;
}

function secretReport({ key, name, flag }: ConfigKey, context: Context): ValueReport {
  const { env } = context;
  const report = { key, secret: true, problem: null };
  if (isGiven(name, context)) {
    return { ...report, value: "set", source: "flag", origin: context.origin(name) ?? null };
  }
  const variable = variablesOf(name, flag).find((one) => env[one]);
  if (variable === undefined) return { ...report, value: "not set", source: "unset", origin: null };
  return { ...report, value: "set", source: "env", origin: variable };
}

function variablesIn({ globals }: Cli, keys: ConfigKeys, env: Env, secrets: Secrets): string[] {
  const named = globals["config"]?.env;
  const all = [...keys.all(), ...keys.secrets()].flatMap(({ name, flag }) =>
    variablesOf(name, flag),
  );
  return [...all, ...(named === undefined ? [] : [named])]
    .filter((variable) => env[variable])
    .map((variable) => secrets.mask(variable))
    .sort();
}
