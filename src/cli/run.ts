import { ExitCode } from "../shared/errors.ts";
import type { Cli, Command, Context, Env } from "./command.ts";
import { CommandLine } from "./command-line.ts";
import type { CommandConfig } from "./config/command-config.ts";
import { configOf, namedFile } from "./config/config-of.ts";
import { contextOf } from "./context-of.ts";
import { helpWidth, renderHelp } from "./help.ts";
import { tellingOf } from "./leniently.ts";
import { type Io, maskedIo, OutputClosed } from "./output.ts";
import { report } from "./report.ts";
import { resolve, type Settings } from "./resolve.ts";

export interface Invocation extends Cli {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Env;
  readonly io: Io;
  /** Gets, at once, what tells of a crash in the form that the command line asks for. */
  readonly onStart?: (tell: TellCrash) => void;
}

/** Tells of an error that nobody has caught, and what to do about it. */
export type TellCrash = (error: unknown, hint: string) => void;

/**
 * Runs the program: reads the command line, runs the command, tells people of a failure on standard
 * error, and gives the exit code. All that it and the command print is masked. Rejects only if the
 * global flags are declared wrongly.
 *
 * A boolean global flag named `verbose` adds stacks and causes to failures, and all flags to help; one
 * named `output` decides whether a failure is told in words, as JSON or as YAML.
 */
export async function runCli(invocation: Invocation): Promise<ExitCode> {
  const io = maskedIo(invocation.io);
  const line = new CommandLine(invocation, invocation.env, io.secrets);
  let config: CommandConfig | undefined;
  let settings: Settings | undefined;
  const telling = () => tellingOf(line, invocation.env, settings, config);
  invocation.onStart?.((error, hint) => void report(error, line, io, telling(), hint));
  try {
    const { command } = await line.read(invocation.argv);
    if (line.help || line.version || command === undefined) {
      await io.out(answerOf(invocation, line));
      return ExitCode.ok;
    }
    const { env } = invocation;
    const configFile = namedFile(line, env);
    config = await configOf(invocation, command, env, io, configFile);
    settings = resolve(line, command, env, io.secrets, config);
    return await runNode(
      command,
      settings,
      contextOf(invocation, line, settings, { env, io, configFile, config }),
    );
  } catch (error) {
    if (error instanceof OutputClosed) return ExitCode.ok;
    return report(error, line, io, telling());
  }
}

/** The version or help, where no command is to be run. */
function answerOf(invocation: Invocation, line: CommandLine): string {
  if (line.version && !line.help) return `${invocation.version}\n`;
  const { verbose: all } = tellingOf(line, invocation.env);
  const width = helpWidth(invocation.env);
  return renderHelp(invocation, line.node, line.path, { width, all });
}

/** The commands are citty's, so it runs them. It gets no words to parse: the values are there already. */
async function runNode(
  command: Command,
  { values }: Settings,
  context: Context,
): Promise<ExitCode> {
  // Here and not above: citty and the node:util of its parser take milliseconds to load, which help,
  // the version and refusals would wait for in vain.
  const { runCommand } = await import("citty");
  const { result } = await runCommand(command, { rawArgs: [], data: { values, context } });
  return (result as ExitCode | undefined) ?? ExitCode.ok;
}
