/** Whether a command has config files to look at. Loaded at every start; what reads them is not. */
import type { Cli, Command, Env } from "../command.ts";
import type { CommandLine } from "../command-line.ts";
import type { Io } from "../output.ts";
import type { CommandConfig } from "./command-config.ts";
import { configPlaces, isThere, type NamedFile } from "./places.ts";

/**
 * The config of a command, from the file that is named or else from the usual ones; undefined where there
 * is none, or none is to be read. Rejects with a MoleculeError (exit 2) where a file is faulty and the
 * command needs it whole.
 */
export async function configOf(
  cli: Cli,
  command: Command,
  env: Env,
  io: Io,
  named: NamedFile | undefined,
): Promise<CommandConfig | undefined> {
  const { config: where } = cli;
  if (where === undefined || command.config === "unread") return undefined;
  const places = configPlaces(where, env, named);
  const there = named !== undefined || (await Promise.all(places.map(isThere))).includes(true);
  if (!there) return undefined;
  const { commandConfig } = await import("./command-config.ts");
  const own = { ...command.args, ...command.lists };
  const parts = { cli, own, places: where, env, secrets: io.secrets, named };
  return commandConfig(places, parts, command.config, io);
}

/** The file that the global flag `config` or its variable names, in place of the others. */
export function namedFile(line: CommandLine, env: Env): NamedFile | undefined {
  const entry = line.flags.long("config");
  if (entry === undefined) return undefined;
  const { env: variable } = entry.flag;
  const given = line.given.get(entry)?.[0];
  if (given !== undefined) return { path: given, by: "--config" };
  const path = variable === undefined ? undefined : env[variable];
  return path ? { path, by: variable ?? "" } : undefined;
}
