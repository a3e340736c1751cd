import { ExitCode, MoleculeError, messageOf, UsageError } from "../shared/errors.ts";
import { printable } from "../shared/text.ts";
import type { Cli, Command, Context, Env, Source } from "./command.ts";
import { CommandLine } from "./command-line.ts";
import type { Flag } from "./flag.ts";
import { helpWidth, renderHelp } from "./help.ts";
import { type Io, maskedIo, OutputClosed } from "./output.ts";
import { resolve, type Settings } from "./resolve.ts";

export interface Invocation extends Cli {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Env;
  readonly io: Io;
}

/**
 * Runs the program: reads the command line, runs the command, tells people of a failure on standard
 * error, and gives the exit code. All that it and the command print is masked. Rejects only if the
 * global flags are declared wrongly.
 *
 * A boolean global flag named `verbose` adds stacks and causes to failures.
 */
export async function runCli(invocation: Invocation): Promise<ExitCode> {
  const io = maskedIo(invocation.io);
  const line = new CommandLine(invocation, invocation.env, io.secrets);
  try {
    return await run(invocation, line.read(invocation.argv), io);
  } catch (error) {
    if (error instanceof OutputClosed) return ExitCode.ok;
    return report(error, line, io, isVerbose(line, invocation.env));
  }
}

async function run(invocation: Invocation, line: CommandLine, io: Io): Promise<ExitCode> {
  const { node, path } = line;
  if (line.version && !line.help) {
    await io.out(`${invocation.version}\n`);
    return ExitCode.ok;
  }
  if (line.help || node.kind === "group") {
    await io.out(renderHelp(invocation, node, path, helpWidth(invocation.env)));
    return ExitCode.ok;
  }
  const settings = resolve(line, node, invocation.env, io.secrets);
  return runNode(node, settings, contextOf(invocation, line, settings, io));
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

function contextOf(cli: Invocation, line: CommandLine, settings: Settings, io: Io): Context {
  return {
    cli,
    path: line.path,
    rest: line.rest,
    env: cli.env,
    io,
    get<T>(flag: Flag<T>): T {
      const setting = settings.byFlag.get(flag);
      if (setting === undefined) throw new Error("a flag was asked for that isn't declared here");
      return setting.value as T;
    },
    source(name): Source {
      const setting = settings.byName.get(name);
      if (setting === undefined) throw new Error(`no flag or argument is declared as "${name}"`);
      return setting.source;
    },
  };
}

function report(error: unknown, line: CommandLine, io: Io, verbose: boolean): ExitCode {
  const tell = (text: string) => {
    // Masked first: an escape in the middle of a secret would hide it from the mask.
    for (const one of printable(io.secrets.mask(text)).split("\n")) io.err(one);
  };
  if (!(error instanceof MoleculeError)) {
    tell(`error: internal error: ${messageOf(error)}`);
    if (!verbose) tell("hint: run again with --verbose for the stack");
    else if (error instanceof Error) tell(error.stack ?? "");
    return ExitCode.failed;
  }
  tell(`error: ${error.message}`);
  if (error.hint !== undefined) tell(`hint: ${error.hint}`);
  if (verbose && error.cause !== undefined) tell(`cause: ${messageOf(error.cause)}`);
  if (error instanceof UsageError) tell(`Run '${line.path.join(" ")} --help' for usage.`);
  return error.exitCode;
}

/** Read without judging it, since the failure may be that something has no meaning. */
function isVerbose(line: CommandLine, env: Env): boolean {
  const entry = line.flags.long("verbose");
  if (entry === undefined) return false;
  const variable = entry.flag.env === undefined ? undefined : env[entry.flag.env];
  const text = line.given.get(entry)?.[0] ?? variable ?? "";
  return ["true", "1"].includes(text.toLowerCase());
}
