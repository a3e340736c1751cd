/** A command of the real tree in this very process, with all that it prints as data and as errors. */
import { runCli } from "../../src/cli/run.ts";
import { CLI } from "../../src/commands/cli.ts";
import type { ExitCode } from "../../src/shared/errors.ts";
import { Secrets } from "../../src/shared/secrets.ts";

export interface Done {
  code: ExitCode;
  out: string;
  /** Without the lines of the log, which go past it to the process's own standard error. */
  err: string;
}

/** Runs the words with these variables alone; no config file is read. */
export async function runHere(
  argv: readonly string[],
  env: Record<string, string | undefined> = {},
): Promise<Done> {
  const { config: _, ...cli } = CLI;
  let out = "";
  let err = "";
  const code = await runCli({
    ...cli,
    argv,
    env,
    io: {
      secrets: new Secrets(),
      out: async (text) => void (out += text),
      err: (line) => void (err += `${line}\n`),
    },
  });
  return { code, out, err };
}

/** The same, with its data as JSON. */
export async function jsonHere(
  argv: readonly string[],
  env: Record<string, string | undefined> = {},
): Promise<{ code: ExitCode; data: any; err: string }> {
  const { code, out, err } = await runHere([...argv, "-o", "json"], env);
  return { code, data: out === "" ? undefined : JSON.parse(out), err };
}
