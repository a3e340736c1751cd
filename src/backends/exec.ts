/** Runs the operator's own command for each message: text or JSON on stdin, the answer on stdout. */
import { formatDuration } from "../shared/duration.ts";
import { MoleculeError } from "../shared/errors.ts";
import type { BackendParts, BackendRequest, BackendType, Outcome, RunHooks } from "./backend.ts";
import { childEnv } from "./child-env.ts";
import { type ChildEnd, runChild } from "./child.ts";
import { requireProgram } from "./exec-program.ts";
import { requireFolder } from "./folder.ts";
import { findProgram } from "./program.ts";
import { STDERR_ASIDE, withStderr } from "./stderr-tail.ts";

/** sysexits.h: EX_TEMPFAIL, "try again later", and EX_DATAERR, "this message is no good". */
const EXIT_AGAIN = 75;
const EXIT_FAILED = 65;

const WINDOWS = process.platform === "win32";

export const exec: BackendType = {
  name: "exec",
  summary: "runs a command of yours for each message; what it prints is the answer",
  options: {
    cmd: {
      type: "string",
      summary: "the command, run by the shell; it reads the message on stdin",
      required: true,
    },
    format: {
      type: "enum",
      summary: "what it reads: the message's text, or all of the message as one line of JSON",
      values: ["text", "json"],
      default: "text",
    },
    timeout: { type: "duration", summary: "how long it may take", default: "60s" },
    cwd: { type: "string", summary: "the folder to run it in; default: this one" },
    pass_meta: {
      type: "boolean",
      summary: "give it MOLECULE_CALLER_ID and the like as variables",
      default: "true",
    },
    max_output: {
      type: "bytes",
      summary: "the longest answer; the rest is cut off (a reply carries a little more than 900k)",
      default: "900k",
    },
  },
  create(options, parts) {
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
      // Nobody said that two of them may work in one folder.
      costsMoney: false,
      reportsCost: false,
      readsFiles: true,
      leavesFiles: settings.json,
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
  },
};

/** The whole message as one line of JSON; what it lacks is null. Throws where it can't be written. */
export function toJsonLine(request: BackendRequest): string {
  return `${JSON.stringify({
    workspace_id: request.workspaceId,
    activity_id: request.activityId,
    peer_id: request.peerId ?? null,
    message_id: request.messageId ?? null,
    context_id: request.contextId ?? null,
    task_id: request.taskId ?? null,
    method: request.method,
    attempt: request.attempt,
    interrupted: request.interrupted,
    is_reply: request.isReply,
    text: request.text,
    files: request.files.map((file) => ({
      name: file.name ?? null,
      mime_type: file.mimeType ?? null,
      uri: file.uri ?? null,
      size: file.size ?? null,
    })),
    envelope: request.envelope ?? null,
  })}\n`;
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
  let stdin: string;
  try {
    stdin = settings.json ? toJsonLine(request) : request.text;
  } catch {
    // A RangeError: an envelope nested 50 000 deep, which JSON.parse takes and stringify does not.
    return {
      kind: "failed",
      reason: "the message can't be written as JSON: it is nested too deeply or too large",
      told: "the message is nested too deeply or too large to be read",
    };
  }
  const end = await runChild({
    argv: shellArgv(settings.cmd),
    verbatim: WINDOWS,
    cwd: settings.cwd,
    env: childEnv(parts, request, settings.passMeta),
    stdin,
    timeoutMs: settings.timeoutMs,
    maxStdout: settings.maxOutput,
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
      };
    case "exited":
      return judge(end, settings, (text) => parts.secrets.mask(text));
  }
}

function judge(
  end: ChildEnd & { kind: "exited" },
  { maxOutput }: Settings,
  mask: (text: string) => string,
): Outcome {
  const { status } = end;
  if (status === 0) {
    const text = dropTrailingNewlines(end.stdout);
    if (text.trim() === "") {
      return { kind: "declined", reason: "the command ended well and printed no answer" };
    }
    const note = `\n\n[cut: the command wrote more than ${maxOutput} bytes]`;
    return { kind: "answer", text: mask(text) + (end.truncated ? note : "") };
  }
  const told =
    status === undefined
      ? "the agent's program was ended by a signal"
      : `the agent's program exited with status ${status}`;
  if (status === EXIT_FAILED) {
    return {
      kind: "failed",
      reason: withStderr(
        "the command exited with status 65: it refuses this message",
        end.stderrTail,
      ),
      told,
    };
  }
  const reason = withStderr(explain(status, end.signalName), end.stderrTail);
  return { kind: "again", reason, told };
}

/** What the operator should look at. */
function explain(status: number | undefined, signalName: string | undefined): string {
  if (status === undefined) {
    return `the command was ended by ${signalName ?? "a signal"} from outside; look for a lack of memory`;
  }
  const why =
    status === EXIT_AGAIN
      ? "it asks to be run again later"
      : status === 126
        ? "the shell may not execute the program; check its mode and its first line"
        : status === 127
          ? "the shell did not find the program; check cmd and PATH"
          : status > 128 && status < 160
            ? `a program in it was ended by signal ${status - 128}`
            : STDERR_ASIDE;
  return `the command exited with status ${status}: ${why}`;
}

/** By hand: a pattern anchored at the end takes quadratic time on a megabyte of newlines. */
function dropTrailingNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return text.slice(0, end);
}

function shellArgv(cmd: string): string[] {
  // With /s, cmd.exe drops the outer quotes and takes the rest as it is.
  return WINDOWS ? ["cmd.exe", "/d", "/s", "/c", `"${cmd}"`] : ["sh", "-c", cmd];
}
