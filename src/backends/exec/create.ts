/** Runs the operator's own command for each message: text or JSON on stdin, the answer on stdout. */
import { resolve } from "node:path";
import { formatDuration } from "../../shared/duration.ts";
import { MoleculeError } from "../../shared/errors.ts";
import type {
  Backend,
  BackendParts,
  BackendRequest,
  OptionValues,
  Outcome,
  RunHooks,
} from "../backend.ts";
import { childEnv } from "../process/child-env.ts";
import { isShortage, runChild } from "../process/child.ts";
import { judgeExit } from "./outcome.ts";
import { requireProgram } from "./program.ts";
import { requireFolder } from "../process/folder.ts";
import { type AnswerRules, mostJsonBytes } from "../json-outcome.ts";
import { toJsonLine } from "../json-request.ts";
import { slackBytes } from "../masked-head.ts";
import { findProgram } from "../process/program.ts";

const WINDOWS = process.platform === "win32";

/** Throws nothing: what the options name is looked for by `check`. */
export function createExec(options: OptionValues, parts: BackendParts): Backend {
  const settings = {
    cmd: String(options.cmd),
    json: options.format === "json",
    timeoutMs: Number(options.timeout),
    cwd: options.cwd === undefined ? undefined : String(options.cwd),
    passMeta: options.pass_meta === true,
    maxOutput: Number(options.max_output),
  };
  return {
    timeoutMs: settings.timeoutMs,
    takesEmptyText: settings.json,
    costsMoney: false,
    reportsCost: false,
    readsFiles: settings.json,
    leavesFiles: settings.json,
    // Nobody said that two of them may work in one folder.
    concurrency: 1,
    async check() {
      requireFolder("exec", settings.cwd);
      const shell = shellArgv("")[0] ?? "";
      const env = childEnv(parts);
      if (findProgram(shell, env) === undefined) {
        throw new MoleculeError(`the shell ${shell} was not found on the PATH`, {
          hint: "the exec backend runs its command with it: add its folder to PATH",
        });
      }
      if (!WINDOWS) requireProgram(settings.cmd, settings.cwd, env);
    },
    run: (request, signal, hooks) => run(settings, parts, request, signal, hooks),
  };
}

interface Settings {
  cmd: string;
  json: boolean;
  timeoutMs: number;
  cwd: string | undefined;
  passMeta: boolean;
  maxOutput: number;
}

async function run(
  settings: Settings,
  parts: BackendParts,
  request: BackendRequest,
  signal: AbortSignal,
  hooks: RunHooks | undefined,
): Promise<Outcome> {
  const end = await runChild({
    argv: shellArgv(settings.cmd),
    verbatim: WINDOWS,
    cwd: settings.cwd,
    env: childEnv(parts, request, settings.passMeta),
    stdin: settings.json ? toJsonLine(request) : request.text,
    timeoutMs: settings.timeoutMs,
    maxStdout: mostStdout(settings, parts),
    onStderrLine: (line) => parts.onStderr(line, request.activityId),
    secrets: parts.secrets,
    hooks,
    signal,
    clock: parts.clock,
  });
  switch (end.kind) {
    case "stopped":
      return end;
    case "timeout": {
      const limit = formatDuration(settings.timeoutMs);
      return {
        kind: "failed",
        reason: `the command was still running after ${limit} and was ended; --backend-opt timeout=… gives it longer`,
        told: `the agent's program did not finish within ${limit}`,
      };
    }
    case "not-started":
      return {
        kind: "again",
        reason: end.reason,
        told: "the agent's program could not be started",
        overloaded: isShortage(end.code),
      };
    case "exited":
      return judgeExit(unixLines(end), settings.json, rulesOf(settings, parts, request));
  }
}

/** Programs for Windows end their lines in two characters, which nobody else wants to read. */
function unixLines<T extends { stdout: string }>(end: T): T {
  return WINDOWS ? { ...end, stdout: end.stdout.replaceAll("\r\n", "\n") } : end;
}

function rulesOf(
  { cwd, maxOutput }: Settings,
  { secrets, onNote }: BackendParts,
  { answerFolder, activityId }: BackendRequest,
): AnswerRules {
  return {
    speaker: "the command",
    maxBytes: maxOutput,
    folders: { cwd: resolve(cwd ?? "."), answerFolder },
    secrets,
    onNote: (note) => onNote(note, activityId),
  };
}

/** Bytes of stdout that are read. */
function mostStdout({ json, maxOutput }: Settings, { secrets }: BackendParts): number {
  return (json ? mostJsonBytes(maxOutput) : maxOutput) + slackBytes(secrets);
}

function shellArgv(cmd: string): string[] {
  // With /s, cmd.exe drops the outer quotes and takes the rest as it is.
  return WINDOWS ? ["cmd.exe", "/d", "/s", "/c", `"${cmd}"`] : ["sh", "-c", cmd];
}
