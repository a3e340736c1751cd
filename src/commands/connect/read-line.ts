/** A command line of `molecule connect` that another command has put together. */
import type { Context } from "../../cli/command.ts";
import { CommandLine } from "../../cli/command-line.ts";
import { configOf } from "../../cli/config/config-of.ts";
import { contextOf } from "../../cli/context-of.ts";
import { resolve } from "../../cli/resolve.ts";
import { connect, type ConnectValues } from "./connect.ts";

/**
 * What connect gets for these words, which stand behind its name: with the variables and config files of the
 * context, as if they had been typed. Rejects as connect would, and before any other I/O.
 */
export async function readLine(
  words: readonly string[],
  { cli, env, io, configFile }: Context,
): Promise<{ values: ConnectValues; context: Context }> {
  const line = await new CommandLine(cli, env, io.secrets).read(["connect", ...words]);
  const config = await configOf(cli, connect, env, io, configFile);
  const settings = resolve(line, connect, env, io.secrets, config);
  return {
    values: settings.values as ConnectValues,
    context: contextOf(cli, line, settings, { env, io, configFile, config }),
  };
}
