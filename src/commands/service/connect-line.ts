/** The command line of `molecule connect` that a service is started with. */
import { isAbsolute } from "node:path";
import type { Context, Source } from "../../cli/command.ts";
import { CommandLine } from "../../cli/command-line.ts";
import type { ConfigList } from "../../cli/config/config.ts";
import { configOf } from "../../cli/config/config-of.ts";
import { isPath } from "../../cli/config/values.ts";
import { snake } from "../../cli/config/variables.ts";
import { type Flag, kebab } from "../../cli/flag.ts";
import type { Entry } from "../../cli/flag-table.ts";
import { resolve as settingsOf, type Setting, type Settings } from "../../cli/resolve.ts";
import type { Subject } from "../../service/spec.ts";
import { UsageError } from "../../shared/errors.ts";
import type { ConnectValues } from "../connect/connect.ts";
import { GLOBALS } from "../globals.ts";
import { refuseSecret } from "./exposed.ts";
import type { ManagerName } from "./manager.ts";
import type { Place } from "./place.ts";

export interface ConnectLine {
  /** The words behind the program. */
  readonly words: readonly string[];
  /** By the declared name of a flag: what it is set to for the service, and from where. */
  setting(name: string): Setting | undefined;
  /** The list of the config file, where there is one. */
  readonly list: ConfigList | undefined;
  /** What connect gets in the service. */
  readonly values: ConnectValues;
  readonly context: Context;
}

/** What belongs to this command's own output, and to no service's. */
const OF_HERE: ReadonlySet<Flag> = new Set<Flag>([GLOBALS.output, GLOBALS.headers]);

/** What would make a service end by itself. */
const NO_SERVICE = ["once", "dryRun"];

/** Who will run the line. */
export interface Runner {
  readonly subject: Subject;
  readonly manager: ManagerName;
  readonly place: Place;
  /** Whether it reads the user's config file by itself. */
  readonly readsUserFile: boolean;
  /** Declared names of flags that it gets in another way. */
  readonly without: readonly string[];
}

/**
 * Reads the words behind `--` as connect would, and puts in words what holds here by variables or by the
 * project's file, which the service does not see. Paths become absolute. Rejects with a UsageError for what
 * connect would refuse, and for what looks like a secret.
 */
export async function connectLine(
  given: readonly string[],
  context: Context,
  runner: Runner,
): Promise<ConnectLine> {
  const { subject, place, readsUserFile, without } = runner;
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
  const settings = settingsOf(line, connect, env, io.secrets, config);
  const { byName } = settings;
  // It would not see them where they stand.
  const unseen: readonly Source[] = ["env", "project", ...(readsUserFile ? [] : ["user" as const])];
  const at = subject.kind === "workspace" ? subject.id : "%i";
  const words = ["connect", ...(subject.kind === "fleet" ? [] : [at])];
  for (const entry of line.flags.entries()) {
    const setting = byName.get(entry.key);
    if (setting === undefined || OF_HERE.has(entry.flag)) continue;
    refuse(entry, setting);
    const isWritten = setting.source === "flag" || unseen.includes(setting.source);
    if (!isWritten || without.includes(entry.key)) continue;
    for (const text of setting.texts ?? []) {
      const { origin } = setting;
      refuseSecret({ text, name: `--${entry.name}`, origin, hint: secretHint(runner) }, io.secrets);
    }
    words.push(...wordsOf(entry, setting, place));
  }
  const list = (name: string) => config?.list(snake(name));
  return {
    words,
    setting: (name) => byName.get(name),
    list: list("workspaces"),
    values: settings.values as ConnectValues,
    context: { ...context, ...seenFrom(settings, unseen), list },
  };
}

/** The part of a context that knows the settings: what is written into the service is a flag there. */
function seenFrom(
  { byFlag, byName }: Settings,
  unseen: readonly Source[],
): Pick<Context, "get" | "source" | "origin"> {
  const isUnseen = (source: Source) => unseen.includes(source);
  return {
    get<T>(flag: Flag<T>): T {
      return byFlag.get(flag)?.value as T;
    },
    source(name) {
      const source = byName.get(name)?.source ?? "unset";
      return isUnseen(source) ? "flag" : source;
    },
    origin(name) {
      const { source = "unset", origin } = byName.get(name) ?? {};
      return isUnseen(source) ? `--${kebab(name)}` : origin;
    },
  };
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
    const what = key === "store" ? "address of the store" : "token";
    throw new UsageError(
      source === "env"
        ? `the ${what} is in ${origin}, which the service would not have`
        : `--${name} has no place in a service: others can read its command line`,
      `Put the ${what} into a file of yours alone (chmod 600), and name that by --${name}-file.`,
    );
  }
  if (NO_SERVICE.includes(key) && value === true) {
    throw new UsageError(
      `--${name} has no place in a service`,
      "A service goes on until it is stopped.",
    );
  }
}

/** Files that the service reads by itself are not copied. */
function secretHint({ manager, readsUserFile }: Runner): string {
  const file = readsUserFile
    ? "Keep it in your own config file, which the service reads by itself, or in one that --config names"
    : "Keep it in a config file that --config names, and that the service's user alone can read";
  const variable =
    manager === "systemd"
      ? "; or name a variable in its place (KEY=env:NAME), and the file that sets it by --env-file"
      : "";
  return `${file}${variable}.`;
}

function wordsOf(
  { name, flag }: Entry,
  { value: set, texts = [] }: Setting,
  { absolute }: Place,
): string[] {
  if (flag.kind === "boolean") return [set === true ? `--${name}` : `--no-${name}`];
  return texts.flatMap((text) => {
    const value = isPath(flag) && !isAbsolute(text) ? absolute(text) : text;
    return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
  });
}
