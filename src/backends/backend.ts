/**
 * What answers. The bridge knows this interface and nothing else of a backend; to add one, write a
 * {@link BackendType} and list it in `registry.ts`.
 */
import type { FileRef } from "../a2a/message.ts";
import type { Clock } from "../shared/clock.ts";
import type { Secrets } from "../shared/secrets.ts";

/** One inbound message, as a backend sees it. */
export interface BackendRequest {
  workspaceId: string;
  /** The activity row: the same on every re-run of this message. */
  activityId: string;
  /** The sending workspace; undefined is the canvas user. */
  peerId: string | undefined;
  /** The message's text; where it has none, its files as lines. May be empty. */
  text: string;
  files: FileRef[];
  messageId: string | undefined;
  contextId: string | undefined;
  taskId: string | undefined;
  method: string;
  /** 1 on the first try. */
  attempt: number;
  /** An earlier run of it was cut by the death of the bridge, so part of the work may be done. */
  interrupted: boolean;
  /** The message is itself an answer to us: for information, what is said to it is not posted. */
  isReply: boolean;
  /** The row's `request_body` as it came. */
  envelope: unknown;
}

/**
 * How a run ended. A reason is one plain sentence for the operator; `told` is what the asker may
 * read, and names no path, no output and no secret.
 */
export type Outcome =
  | { kind: "answer"; text: string }
  /** The backend chose to say nothing: settles without an answer. */
  | { kind: "declined"; reason: string }
  /** Nothing was done; worth trying again. */
  | { kind: "again"; reason: string; told: string; retryAfterMs?: number }
  /** Something may have been done; trying again could do it twice. */
  | { kind: "failed"; reason: string; told: string }
  /** Only the operator can mend it: program missing, not logged in, out of credit. */
  | { kind: "operator"; reason: string; told: string; hint: string }
  /** Ended because we asked for it. The message is not settled. */
  | { kind: "stopped" };

/** What a run tells while it goes on. */
export interface RunHooks {
  /**
   * A child was started. Called before the child gets its input, which waits for the promise, if
   * there is one. `identity` tells the process from a later one of the same number (see
   * `process-identity.ts`). What it throws is ignored: the run goes on.
   */
  onChild(pid: number, identity: string | undefined): void | Promise<void>;
}

export interface Backend {
  /** A run that lasts longer than this (milliseconds) is ended by the backend itself. */
  readonly timeoutMs: number;
  /** Whether a message with neither text nor files is of any use to it. */
  readonly takesEmptyText: boolean;
  /** Whether a run costs money, so that one message too many does harm. */
  readonly costsMoney: boolean;
  /** How many runs at once are safe, unless the operator knows better. */
  readonly concurrency: number;
  /** Throws a MoleculeError when it can't work at all: program missing, folder missing. */
  check(): Promise<void>;
  /** Answers one message; never throws. When `signal` aborts, ends as `stopped`, leaving nothing behind. */
  run(request: BackendRequest, signal: AbortSignal, hooks?: RunHooks): Promise<Outcome>;
}

/** What a backend is given from the edges. */
export interface BackendParts {
  clock: Clock;
  secrets: Secrets;
  /** The operator's environment; a child gets it less what it must not see. */
  env: Record<string, string | undefined>;
  /** A line that a child wrote to its stderr, and the activity of the message that it runs for. */
  onStderr(line: string, activityId?: string): void;
}

/** One `--backend-opt KEY=VALUE`, declared once for parsing and help. */
export interface BackendOption {
  type: "string" | "boolean" | "duration" | "bytes" | "enum";
  summary: string;
  /** As it would be written on the command line. */
  default?: string;
  required?: boolean;
  /** For `enum`. */
  values?: readonly string[];
}

/** Parsed options: string and enum as text, duration in ms, bytes as a number. */
export type OptionValues = { [name: string]: string | number | boolean | undefined };

export interface BackendType {
  name: string;
  summary: string;
  options: Record<string, BackendOption>;
  create(options: OptionValues, parts: BackendParts): Backend;
}
