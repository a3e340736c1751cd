/** How a failure is told: in words for people, or as data for scripts. */
import { ExitCode, MoleculeError, messageOf, UsageError } from "../shared/errors.ts";
import { printable } from "../shared/text.ts";
import type { CommandLine } from "./command-line.ts";
import type { Io } from "./output.ts";
import { type Format, jsonOf, renderData } from "./print.ts";

/** In which form a failure is told, and how much of it. */
export interface Telling {
  /** `table` stands for words. */
  readonly format: Format;
  /** Adds causes and stacks. */
  readonly verbose: boolean;
}

/**
 * What a failure is, where `-o json` or `-o yaml` asks for it: the one key of what is told is `error`.
 * `cause` and `stack` stand there with `--verbose`, if there are any.
 */
export interface FailureData {
  message: string;
  hint: string | null;
  code: "usage" | "refused" | "unreachable" | "removed" | "failed" | "interrupted" | "internal";
  exit_code: ExitCode;
  /** The HTTP status that the platform answered with, where it did. */
  status?: number;
  cause?: string;
  stack?: string;
}

/**
 * Tells of a failure on standard error, and gives the exit code. `crashHint`: it came from outside the
 * command, so that whatever it is the program is at fault; this is what to do about it.
 */
export function report(
  error: unknown,
  line: CommandLine,
  io: Io,
  telling: Telling,
  crashHint?: string,
): ExitCode {
  const tell = (text: string) => {
    // Masked first: an escape in the middle of a secret would hide it from the mask.
    for (const one of printable(io.secrets.mask(text)).split("\n")) io.err(one);
  };
  const { format, verbose } = telling;
  if (format !== "table") {
    const mask = (text: string) => io.secrets.mask(text);
    const data = isKnown(error, crashHint)
      ? failureData(error, line, verbose, mask)
      : crashData(error, verbose, mask, crashHint);
    const text =
      format === "json"
        ? jsonOf({ error: data }, undefined)
        : renderData({ error: data }, { format: "yaml" });
    for (const one of text.trimEnd().split("\n")) errMasked(io, one);
    return data.exit_code;
  }
  if (!isKnown(error, crashHint)) {
    tell(`error: internal error: ${messageOf(error)}`);
    const hint = crashHint ?? (verbose ? undefined : STACK_HINT);
    if (hint !== undefined) tell(`hint: ${hint}`);
    if (verbose && error instanceof Error) tell(error.stack ?? "");
    return ExitCode.failed;
  }
  tell(`error: ${error.message}`);
  if (error.hint !== undefined) tell(`hint: ${error.hint}`);
  if (verbose && error.cause !== undefined) tell(`cause: ${messageOf(error.cause)}`);
  if (error instanceof UsageError) tell(usageHint(line));
  return error.exitCode;
}

function errMasked(io: Io, line: string): void {
  if (io.errMasked === undefined) io.err(line);
  else io.errMasked(line);
}

const STACK_HINT = "run again with --verbose for the stack";

function isKnown(error: unknown, crashHint: string | undefined): error is MoleculeError {
  return crashHint === undefined && error instanceof MoleculeError;
}

function usageHint({ path }: CommandLine): string {
  return `Run '${path.join(" ")} --help' for usage.`;
}

/** A secret that needs escapes in JSON is found only before it gets them, so each text is masked. */
function failureData(
  error: MoleculeError,
  line: CommandLine,
  verbose: boolean,
  mask: (text: string) => string,
): FailureData {
  const hint = error.hint ?? (error instanceof UsageError ? usageHint(line) : undefined);
  const status = statusOf(error);
  return {
    message: mask(error.message),
    hint: hint === undefined ? null : mask(hint),
    code: CODES[error.exitCode],
    exit_code: error.exitCode,
    ...(status === undefined ? {} : { status }),
    ...(verbose && error.cause !== undefined ? { cause: mask(messageOf(error.cause)) } : {}),
  };
}

function crashData(
  error: unknown,
  verbose: boolean,
  mask: (text: string) => string,
  crashHint: string | undefined,
): FailureData {
  const stack = error instanceof Error ? error.stack : undefined;
  return {
    message: mask(`internal error: ${messageOf(error)}`),
    hint: crashHint ?? (verbose ? null : STACK_HINT),
    code: "internal",
    exit_code: ExitCode.failed,
    ...(verbose && stack !== undefined ? { stack: mask(stack) } : {}),
  };
}

const CODES: Record<ExitCode, FailureData["code"]> = {
  [ExitCode.ok]: "failed",
  [ExitCode.failed]: "failed",
  [ExitCode.usage]: "usage",
  [ExitCode.refused]: "refused",
  [ExitCode.unreachable]: "unreachable",
  [ExitCode.removed]: "removed",
  [ExitCode.interrupted]: "interrupted",
};

/** The `failure.status` of an error, or of what caused it: a command may have put it in its own words. */
function statusOf(error: unknown): number | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { failure } = at as { failure?: { status?: unknown } };
    if (typeof failure?.status === "number") return failure.status;
  }
  return undefined;
}
