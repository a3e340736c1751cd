/**
 * Errors for people. Every failure that ends a command is a MoleculeError: what happened, what to
 * do next, and the exit code that scripts rely on. Messages never hold a token.
 */

/** Exit codes, the same for every command (README, "Exit codes"). */
export const ExitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  removed: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A failure with a message for the operator, an optional next step, and an exit code. */
export class MoleculeError extends Error {
  override readonly name: string = "MoleculeError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    message: string,
    options: { exitCode?: ExitCode; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? ExitCode.failed;
    this.hint = options.hint;
  }
}

/** The command line, a variable or an option is wrong. Thrown before any I/O. Exit 2. */
export class UsageError extends MoleculeError {
  override readonly name = "UsageError";

  constructor(message: string, hint?: string) {
    super(message, { exitCode: ExitCode.usage, hint });
  }
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system or network error (ENOSPC, ECONNREFUSED), looked for in its cause too. */
export function codeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}
