/** The programs of the system that services are managed with, behind a function that tests replace. */
import { runChild } from "../../backends/process/child.ts";
import { childEnv } from "../../backends/process/child-env.ts";
import type { Context } from "../../cli/command.ts";
import { systemClock } from "../../shared/clock.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";

/** How a program ended, and what it printed. */
export interface Ran {
  code: number;
  out: string;
  err: string;
}

/**
 * Runs a program to its end. Rejects with a MoleculeError where it can't be started, or has not ended by the
 * deadline, in milliseconds; a code other than 0 is an answer.
 */
export type RunProgram = (argv: readonly string[], deadlineMs?: number) => Promise<Ran>;

const DEADLINE_MS = 30_000;
const MOST_BYTES = 1024 * 1024;

/** Runs real ones, with the operator's environment less what is secret in it. */
export function programs({ env, io }: Context): RunProgram {
  return async (argv, deadlineMs = DEADLINE_MS) => {
    const err: string[] = [];
    const end = await runChild({
      argv,
      cwd: undefined,
      // Their words are looked at, so they are to be the ones that we know.
      env: { ...childEnv({ env, secrets: io.secrets }), LC_ALL: "C" },
      stdin: "",
      timeoutMs: deadlineMs,
      maxStdout: MOST_BYTES,
      onStderrLine: (line) => void err.push(line),
      secrets: io.secrets,
      signal: new AbortController().signal,
      clock: systemClock,
    });
    const [name = ""] = argv;
    if (end.kind === "not-started") throw new MoleculeError(end.reason);
    if (end.kind !== "exited") {
      throw new MoleculeError(`${name} did not end within ${deadlineMs / 1000} s`, {
        hint: `Try it by hand: ${argv.join(" ")}`,
      });
    }
    return { code: end.status ?? 128, out: end.stdout, err: err.join("\n") };
  };
}

/** The same for a program that has to end well. Rejects with what it said otherwise. */
export async function mustRun(
  run: RunProgram,
  argv: readonly string[],
  deadlineMs?: number,
): Promise<string> {
  const { code, out, err } = await run(argv, deadlineMs);
  if (code === 0) return out;
  const said = oneLine(err.trim() || out.trim(), 300);
  throw new MoleculeError(`${argv.join(" ")} failed${said === "" ? ` with ${code}` : `: ${said}`}`);
}
