/** Whether the program that a command starts with is there, as far as that can be known. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { MoleculeError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { findProgram } from "../process/program.ts";

/**
 * The first word of a command for sh, where it is the name or path of what is run and of nothing
 * else: without quotes, expansions, redirections or an assignment, and no name of a function.
 * Undefined also where the command says what to do if that fails (`||`).
 */
export function plainWord(cmd: string): string | undefined {
  // A number before a redirection belongs to it, and a name before a parenthesis is a function's.
  const [, word] = /^\s*(?!\d+[<>])([\w./+@%:,-]+)(?=$|[\s;&|<>])(?!\s*\()/.exec(cmd) ?? [];
  return cmd.includes("||") ? undefined : word;
}

/**
 * Throws a MoleculeError when the first word of a command for sh is plain (see {@link plainWord})
 * and names nothing that can be run: no executable file, and nothing that `sh` itself knows.
 * `env` is the environment of the command, `cwd` its folder.
 */
export function requireProgram(
  cmd: string,
  cwd: string | undefined,
  env: Record<string, string>,
): void {
  const word = plainWord(cmd);
  if (word === undefined) return;
  const shown = oneLine(word, 200);
  const start = `the program ${shown}, with which cmd of the exec backend starts,`;
  if (!word.includes("/")) {
    if (findProgram(word, env) !== undefined || shellKnows(word, cwd, env)) return;
    throw new MoleculeError(`${start} was not found on the PATH`, {
      hint: "install it, add its folder to PATH, or write its path in --backend-opt cmd=…",
    });
  }
  const path = resolve(cwd ?? ".", word);
  if (findProgram(path, env) !== undefined) return;
  if (existsSync(path)) {
    throw new MoleculeError(`${start} is no file that may be executed`, {
      hint: `make it executable (chmod +x ${shown}), or name its interpreter first in --backend-opt cmd=…`,
    });
  }
  throw new MoleculeError(`${start} does not exist`, {
    hint: `looked for it at ${path}: change --backend-opt cmd=… or --backend-opt cwd=…`,
  });
}

/** Its keywords and builtins, which differ from shell to shell, and relative folders on the PATH. */
function shellKnows(word: string, cwd: string | undefined, env: Record<string, string>): boolean {
  try {
    const { exitCode, signalCode } = Bun.spawnSync(["sh", "-c", 'command -v "$1"', "sh", word], {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      timeout: ASK_MS,
    });
    // A shell that could not say is no reason to refuse the command.
    return exitCode === 0 || signalCode !== undefined;
  } catch {
    return true;
  }
}

const ASK_MS = 5_000;
