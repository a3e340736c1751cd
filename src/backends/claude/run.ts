/** One run of `claude -p`: the child, what it printed, and what became of its session. */
import { formatDuration } from "../../shared/duration.ts";
import { getArray } from "../../shared/json.ts";
import type { BackendParts, BackendRequest, Outcome, RunHooks } from "../backend.ts";
import { hasFiles } from "../answer-files.ts";
import { childEnv } from "../process/child-env.ts";
import { type ChildEnd, isShortage, runChild } from "../process/child.ts";
import { claudeArgs, type ClaudeSettings, type ClaudeTurn } from "./args.ts";
import { CLAUDE_DEFAULTS, CLAUDE_WALLS } from "./env.ts";
import { deniedTools, isTooLong } from "./error.ts";
import { costOf, judgeClaude } from "./result.ts";
import { ClaudeStream } from "./stream.ts";
import { findProgram, notFound } from "../process/program.ts";

export interface ClaudeCall {
  request: BackendRequest;
  prompt: string;
  turn: ClaudeTurn;
  /** What is left of the run's time. */
  timeoutMs: number;
  signal: AbortSignal;
  hooks: RunHooks | undefined;
}

export interface ClaudeEnd {
  outcome: Outcome;
  /** Why the session could not be used; then nothing was done. */
  trouble: "taken" | "unknown" | "too-long" | undefined;
  /** The model has spoken, so claude has the session. */
  spoke: boolean;
  /** US dollars. */
  costUsd: number | undefined;
  /** Tools that it was not allowed to use. */
  denied: readonly string[];
}

export const INSTALL_HINT =
  "install it (https://code.claude.com), name it with --backend-opt bin=…, or choose another " +
  "backend: --backend exec --backend-opt cmd=…";

/** The environment of claude; without a request, that in which it is asked for its version. */
export function claudeEnv(
  parts: BackendParts,
  request?: BackendRequest,
  passMeta = true,
): Record<string, string> {
  return { ...CLAUDE_DEFAULTS, ...childEnv(parts, request, passMeta), ...CLAUDE_WALLS };
}

/** Runs claude once. Never throws. */
export async function callClaude(
  settings: ClaudeSettings,
  parts: BackendParts,
  { request, prompt, turn, timeoutMs, signal, hooks }: ClaudeCall,
): Promise<ClaudeEnd> {
  const { secrets, clock } = parts;
  const env = claudeEnv(parts, request, settings.passMeta);
  const program = findProgram(settings.bin, env);
  if (program === undefined) return nothing(unavailable(notFound(settings.bin)));
  const stream = new ClaudeStream(hooks ?? {}, (text) => secrets.mask(text));
  const refusals = new Set<string>();
  const end = await runChild({
    argv: [program, ...claudeArgs(settings, request, turn, env)],
    cwd: settings.cwd,
    env,
    stdin: prompt,
    timeoutMs,
    maxStdout: 0,
    onStdout: (chunk) => stream.add(chunk),
    answered: stream.answered,
    onStderrLine(line) {
      const refusal = refusalIn(line, turn);
      if (refusal === undefined) parts.onStderr(line, request.activityId);
      else refusals.add(refusal);
    },
    secrets,
    hooks,
    signal,
    clock,
  });
  stream.end();
  if (end.kind !== "exited") return nothing(unfinished(end, settings), stream.spoke);
  return {
    outcome: judgeClaude(end, stream, secrets, clock.now(), await hasFiles(request.answerFolder)),
    trouble: troubleOf(stream, turn, refusals),
    spoke: stream.spoke,
    costUsd: costOf(stream.result),
    denied: deniedTools(stream.result, secrets),
  };
}

function nothing(outcome: Outcome, spoke = false): ClaudeEnd {
  return { outcome, trouble: undefined, spoke, costUsd: undefined, denied: [] };
}

/** What claude says of the session that it was given. Anything else on stderr may hold any words. */
function refusalIn(line: string, turn: ClaudeTurn): "taken" | "unknown" | undefined {
  if (turn.kind === "none") return undefined;
  if (line.includes(`Session ID ${turn.session} is already in use`)) return "taken";
  return line.includes(`No conversation found with session ID: ${turn.session}`)
    ? "unknown"
    : undefined;
}

/** Only of a run in which the model had no part. */
function troubleOf(
  stream: ClaudeStream,
  turn: ClaudeTurn,
  refusals: ReadonlySet<string>,
): ClaudeEnd["trouble"] {
  if (stream.worked) return undefined;
  if (turn.kind === "resume" && isTooLong(stream.result)) return "too-long";
  if (stream.spoke) return undefined;
  if (turn.kind === "begin" && refusals.has("taken")) return "taken";
  if (turn.kind !== "resume") return undefined;
  const errors = getArray(stream.result, "errors") ?? [];
  const told = errors.some(
    (text) => typeof text === "string" && refusalIn(text, turn) !== undefined,
  );
  return told || refusals.has("unknown") ? "unknown" : undefined;
}

function unfinished(end: Exclude<ChildEnd, { kind: "exited" }>, { timeoutMs }: ClaudeSettings) {
  switch (end.kind) {
    case "stopped":
      return end;
    case "timeout":
      return tooSlow(timeoutMs);
    case "not-started":
      if (OPERATOR_CODES.has(end.code)) return unavailable(end.reason);
      return {
        kind: "again",
        reason: end.reason,
        told: "the agent could not be started",
        overloaded: isShortage(end.code),
      } as const;
  }
}

function tooSlow(timeoutMs: number): Outcome {
  const limit = formatDuration(timeoutMs);
  return {
    kind: "failed",
    reason: `claude was still running after ${limit} and was ended; --backend-opt timeout=… gives it longer`,
    told: `the agent did not finish within ${limit}`,
  };
}

/** What stands between a start that fails now and one that works later, if the operator acts. */
const OPERATOR_CODES: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "EACCES",
  "ENOEXEC",
  "ENOTDIR",
  "EPERM",
]);

function unavailable(reason: string): Outcome {
  return {
    kind: "operator",
    reason,
    told: "the agent's program is not there; its operator has been told",
    hint: INSTALL_HINT,
  };
}
