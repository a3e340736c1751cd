/** Claude Code, headless: one `claude -p` for each message, without memory of earlier ones. */
import { describeFiles } from "../a2a/message.ts";
import { formatDuration } from "../shared/duration.ts";
import { MoleculeError, UsageError } from "../shared/errors.ts";
import { oneLine } from "../shared/text.ts";
import type { BackendParts, BackendRequest, BackendType, Outcome, RunHooks } from "./backend.ts";
import { childEnv } from "./child-env.ts";
import { runChild } from "./child.ts";
import { judgeClaude } from "./claude-result.ts";
import { requireFolder } from "./folder.ts";
import { findProgram } from "./program.ts";
import { splitWords } from "./words.ts";

/** Bytes of output that are read: far more than any answer, and the result comes last. */
const MAX_OUTPUT = 8 * 1024 * 1024;

/**
 * With its own ten retries claude takes three minutes to say that a key is wrong; we have our own.
 * An update in the middle of a run could replace the program under the next one.
 */
const DEFAULT_ENV = { CLAUDE_CODE_MAX_RETRIES: "2", DISABLE_AUTOUPDATER: "1" };

/** What stands between a start that fails now and one that works later, if the operator acts. */
const OPERATOR_CODES: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "EACCES",
  "ENOEXEC",
  "ENOTDIR",
  "EPERM",
]);

const INSTALL_HINT =
  "install it (https://code.claude.com), name it with --backend-opt bin=…, or choose another " +
  "backend: --backend exec --backend-opt cmd=…";

export const claudeCode: BackendType = {
  name: "claude-code",
  summary: "runs Claude Code (claude -p) for each message",
  options: {
    bin: {
      type: "string",
      summary: "the program: a name on the PATH, or a path",
      default: "claude",
    },
    args: {
      type: "string",
      summary: "more arguments for it, split as a shell would (--model opus)",
      default: "",
    },
    timeout: { type: "duration", summary: "how long an answer may take", default: "5m" },
    cwd: { type: "string", summary: "the folder to work in; default: this one" },
  },
  create(options, parts) {
    const settings = {
      bin: String(options.bin),
      args: readArgs(String(options.args)),
      timeoutMs: Number(options.timeout),
      cwd: options.cwd === undefined ? undefined : String(options.cwd),
    };
    return {
      timeoutMs: settings.timeoutMs,
      takesEmptyText: false,
      costsMoney: true,
      reportsCost: true,
      readsFiles: true,
      leavesFiles: true,
      concurrency: 1,
      async check() {
        requireFolder("claude-code", settings.cwd);
        if (findProgram(settings.bin, childEnv(parts)) !== undefined) return;
        throw new MoleculeError(notFound(settings.bin), { hint: INSTALL_HINT });
      },
      run: (request, signal, hooks) => run(settings, parts, request, signal, hooks),
    };
  },
};

interface Settings {
  bin: string;
  args: string[];
  timeoutMs: number;
  cwd: string | undefined;
}

function readArgs(line: string): string[] {
  const args = splitWords(line);
  if (args !== undefined) return args;
  throw new UsageError(
    `option args of the claude-code backend can't be "${oneLine(line, 60)}": a quote is not closed, or it ends in a backslash`,
  );
}

function notFound(bin: string): string {
  const where = /[\\/]/.test(bin) ? "" : " on the PATH";
  return `the program ${bin} was not found${where}, or is not executable`;
}

async function run(
  settings: Settings,
  parts: BackendParts,
  request: BackendRequest,
  signal: AbortSignal,
  hooks: RunHooks | undefined,
): Promise<Outcome> {
  if (signal.aborted) return { kind: "stopped" };
  const env = { ...DEFAULT_ENV, ...childEnv(parts, request) };
  const program = findProgram(settings.bin, env);
  if (program === undefined) return unavailable(notFound(settings.bin));
  const end = await runChild({
    argv: [program, "-p", "--output-format", "json", ...settings.args],
    cwd: settings.cwd,
    env,
    stdin: promptOf(request),
    timeoutMs: settings.timeoutMs,
    maxStdout: MAX_OUTPUT,
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
        reason: `claude was still running after ${limit} and was ended; --backend-opt timeout=… gives it longer`,
        told: `the agent did not finish within ${limit}`,
      };
    }
    case "not-started":
      if (OPERATOR_CODES.has(end.code)) return unavailable(end.reason);
      return { kind: "again", reason: end.reason, told: "the agent could not be started" };
    case "exited": {
      const outcome = judgeClaude(end, parts.secrets);
      if (outcome.kind !== "answer") return outcome;
      return { kind: "answer", text: parts.secrets.mask(outcome.text) };
    }
  }
}

/** The text, and the files that came with it, which it need not mention. */
function promptOf({ text, files }: BackendRequest): string {
  const described = describeFiles(files);
  return described === "" || text === described ? text : `${text}\n\n${described}`;
}

function unavailable(reason: string): Outcome {
  return {
    kind: "operator",
    reason,
    told: "the agent's program is not there; its operator has been told",
    hint: INSTALL_HINT,
  };
}
