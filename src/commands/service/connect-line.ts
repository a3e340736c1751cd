/** The command line of `molecule connect` that a service is started with. */
import { isAbsolute, resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { CommandLine } from "../../cli/command-line.ts";
import type { ConfigList } from "../../cli/config/config.ts";
import { configOf } from "../../cli/config/config-of.ts";
import { isPath } from "../../cli/config/values.ts";
import { type Flag, kebab } from "../../cli/flag.ts";
import type { Entry } from "../../cli/flag-table.ts";
import { resolve as settingsOf, type Setting } from "../../cli/resolve.ts";
import type { Subject } from "../../service/spec.ts";
import { UsageError } from "../../shared/errors.ts";
import { GLOBALS } from "../globals.ts";

export interface ConnectLine {
  /** The words behind the program. */
  readonly words: readonly string[];
  /** By the declared name of a flag: what it is set to for the service, and from where. */
  setting(name: string): Setting | undefined;
  /** The list of the config file, where there is one. */
  readonly list: ConfigList | undefined;
}

/** What belongs to this command's own output, and to no service's. */
const OF_HERE: ReadonlySet<Flag> = new Set<Flag>([GLOBALS.output, GLOBALS.headers]);

/** What would make a service end by itself. */
const NO_SERVICE = ["once", "dryRun"];

/** Who will run the line. */
export interface Runner {
  readonly subject: Subject;
  /** What relative paths are relative to. */
  readonly folder: string;
  /** Whether it reads the user's config file by itself. */
  readonly readsUserFile: boolean;
  /** Declared names of flags that it gets in another way. */
  readonly without: readonly string[];
}

/**
 * Reads the words behind `--` as connect would, and puts in words what holds here by variables or by the
 * project's file, which the service does not see. Paths become absolute. Rejects with a UsageError for what
 * connect would refuse, and for a token.
 */
export async function connectLine(
  given: readonly string[],
  context: Context,
  { subject, folder, readsUserFile, without }: Runner,
): Promise<ConnectLine> {
  const { cli, env, io, configFile } = context;
  const { connect } = await import("../connect/connect.ts");
  const line = new CommandLine(cli, env, io.secrets);
  await line.read([...globalsGiven(context), "connect", ...given]);
  if (line.help || line.version || line.words.length > 0 || line.rest.length > 0) {
    throw new UsageError(
      "only flags of molecule connect may stand behind --",
      "The workspace stands before it; molecule help connect names the flags.",
    );
  }
  const config = await configOf(cli, connect, env, io, configFile);
  const { byName } = settingsOf(line, connect, env, io.secrets, config);
  const at = subject.kind === "workspace" ? subject.id : "%i";
  const words = ["connect", ...(subject.kind === "fleet" ? [] : [at])];
  for (const entry of line.flags.entries()) {
    const setting = byName.get(entry.key);
    if (setting === undefined || OF_HERE.has(entry.flag)) continue;
    refuse(entry, setting);
    const isSeen = !["flag", "env", "project", readsUserFile ? "" : "user"].includes(
      setting.source,
    );
    if (isSeen || without.includes(entry.key)) continue;
    words.push(...wordsOf(entry, setting, folder));
  }
  return { words, setting: (name) => byName.get(name), list: config?.list("workspaces") };
}

/** The global flags as they were given to this command, for connect to read. */
function globalsGiven(context: Context): string[] {
  const given = (name: keyof typeof GLOBALS) => {
    if (context.source(name) !== "flag") return [];
    const value = context.get<unknown>(GLOBALS[name]);
    return [`--${kebab(name)}=${String(value)}`];
  };
  return [...given("apiUrl"), ...given("config"), ...given("caFile"), ...given("verbose")];
}

function refuse({ key, name, flag }: Entry, { source, value, origin }: Setting): void {
  if (flag.secret && value !== undefined) {
    throw new UsageError(
      source === "env"
        ? `the token is in ${origin}, which the service would not have`
        : `--${name} has no place in a service: others can read its command line`,
      "Put the token into a file of yours alone (chmod 600), and name that by --token-file.",
    );
  }
  if (NO_SERVICE.includes(key) && value === true) {
    throw new UsageError(
      `--${name} has no place in a service`,
      "A service goes on until it is stopped.",
    );
  }
}

function wordsOf(
  { name, flag }: Entry,
  { value: set, texts = [] }: Setting,
  folder: string,
): string[] {
  if (flag.kind === "boolean") return [set === true ? `--${name}` : `--no-${name}`];
  return texts.flatMap((text) => {
    const value = isPath(flag) && !isAbsolute(text) ? resolve(folder, text) : text;
    return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
  });
}
