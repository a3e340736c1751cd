/**
 * What answers. The bridge knows this interface and nothing else of a backend; to add one, write a
 * {@link BackendType} and list it in `registry.ts`.
 */
import type { FileRef, MessagePart } from "../a2a/message.ts";
import type { Clock } from "../shared/clock.ts";
import type { Secrets } from "../shared/secrets.ts";

/** One inbound message, as a backend sees it. */
export interface BackendRequest {
  workspaceId: string;
  /** The activity row: the same on every re-run of this message. */
  activityId: string;
  /** Who sent it. In push mode the platform does not say. */
  sender: Sender;
  /** The sending workspace, where `sender` is a peer. */
  peerId: string | undefined;
  /** What that workspace is called, as far as the platform told. A stranger chose it. */
  peerName: string | undefined;
  /** The message's text; where it has none, its files and data as lines. May be empty. */
  text: string;
  /** All that it holds, in order. */
  parts: MessagePart[];
  /** The files among the parts; with a `path`, where they were fetched for a backend that reads them. */
  files: FileRef[];
  messageId: string | undefined;
  contextId: string | undefined;
  taskId: string | undefined;
  method: string;
  /** `traceparent` of W3C Trace Context for this run: handed on, so that its traces are found by ours. */
  traceparent: string;
  /** 1 on the first try. */
  attempt: number;
  /** An earlier run of it was cut by the death of the bridge, so part of the work may be done. */
  interrupted: boolean;
  /** The message is itself an answer to us: for information, what is said to it is not posted. */
  isReply: boolean;
  /** The row's `request_body` as it came. */
  envelope: unknown;
  /** Files that are left in this folder go with the answer; undefined where none can. */
  answerFolder: string | undefined;
  /** US dollars that this run may cost; undefined for no limit. */
  budgetUsd: number | undefined;
}

export type Sender = "peer" | "canvas" | "unknown";

/** A file that goes with an answer to the canvas. */
export interface AnswerFile {
  /** On this machine. The backend answers for that it may be shown (see `answer-files.ts`). */
  path: string;
  /** The last part of the path, where nothing is given. */
  name?: string | undefined;
  mimeType?: string | undefined;
}

/**
 * How a run ended. A reason is one plain sentence for the operator; `told` is what the asker may
 * read, and names no path, no output and no secret.
 */
export type Outcome =
  /** With files the text may be empty. */
  | { kind: "answer"; text: string; files?: readonly AnswerFile[]; costUsd?: number | undefined }
  /** The backend chose to say nothing: settles without an answer. */
  | { kind: "declined"; reason: string; costUsd?: number | undefined }
  /**
   * Nothing was done; worth trying again. `overloaded`: what the backend itself depends on asks for
   * patience (429, 5xx of a model's API), so it is tried for half an hour before tries count.
   */
  | {
      kind: "again";
      reason: string;
      told: string;
      retryAfterMs?: number | undefined;
      overloaded?: boolean;
    }
  /** Something may have been done; trying again could do it twice. */
  | { kind: "failed"; reason: string; told: string; costUsd?: number | undefined }
  /**
   * Only the operator can mend it: program missing, not logged in, out of credit. `untilMs`: or it mends
   * itself, in so many milliseconds and not before.
   */
  | {
      kind: "operator";
      reason: string;
      told: string;
      hint: string;
      untilMs?: number | undefined;
    }
  /** Ended because we asked for it. The message is not settled. */
  | { kind: "stopped" };

/** What a run tells while it goes on. Nothing that is called here throws or rejects. */
export interface RunHooks {
  /**
   * A child was started. Called before the child gets its input, which waits for the promise, if
   * there is one. `identity` tells the process from a later one of the same number (see
   * `process/identity.ts`).
   */
  onChild(pid: number, identity: string | undefined): void | Promise<void>;
  /** What it is doing now, in a few words: for the canvas' card of the workspace. */
  onTask?(task: string): void;
  /**
   * Text that it says on the way to its answer, as it is complete; never the answer itself. The canvas
   * user may be shown it.
   */
  onText?(text: string): void;
}

export interface Backend {
  /** A run that lasts longer than this (milliseconds) is ended by the backend itself. */
  readonly timeoutMs: number;
  /** Whether a message with neither text nor files is of any use to it. */
  readonly takesEmptyText: boolean;
  /** Whether a run costs money, so that one message too many does harm. */
  readonly costsMoney: boolean;
  /** Whether its outcomes say what a run cost. */
  readonly reportsCost: boolean;
  /** How many runs at once are safe, unless the operator knows better. */
  readonly concurrency: number;
  /** Whether files that came with a message are to be fetched for it. */
  readonly readsFiles: boolean;
  /** HTTP requests that a run holds open while it lasts; none if not given. Bun has a limit for all. */
  readonly requestsPerRun?: number;
  /** Whether it is to be given a folder for files that go with its answer. */
  readonly leavesFiles: boolean;
  /** Throws a MoleculeError when it can't work at all: program missing, folder missing. */
  check(): Promise<void>;
  /**
   * Whether its program is logged in, asked after {@link check} has passed. Free of charge, and holds no
   * conversation; ends within some seconds, or soon after `signal` aborts, and leaves no process behind.
   * Never rejects. Absent where there is nothing to log in to, or nobody to ask.
   */
  login?(signal: AbortSignal): Promise<Login>;
  /** Answers one message; never throws. When `signal` aborts, ends as `stopped`, leaving nothing behind. */
  run(request: BackendRequest, signal: AbortSignal, hooks?: RunHooks): Promise<Outcome>;
  /** Ends what is kept running between messages. Nothing is run afterwards. Never throws. */
  close?(): Promise<void>;
}

/** What a backend's program says of its login. That the account may be used is another matter. */
export type Login =
  /** `as`: in which way, in the program's own word. Never an account, an address or a key. */
  | { kind: "in"; as?: string | undefined }
  | { kind: "out"; reason: string; hint: string }
  /** `why`: a clause for the operator. */
  | { kind: "unknown"; why: string };

/** What a backend keeps of its conversations: short texts by key, on disk when the call resolves. */
export interface BackendMemory {
  recall(key: string): Promise<string | undefined>;
  /** `undefined` forgets. What is not remembered again for 30 days is forgotten, too. */
  remember(key: string, value: string | undefined): Promise<void>;
}

/** What a backend is given from the edges. */
export interface BackendParts {
  clock: Clock;
  secrets: Secrets;
  /** The operator's environment; a child gets it less what it must not see. */
  env: Record<string, string | undefined>;
  /** Its own part of the store. Only to be used while a message runs. */
  memory: BackendMemory;
  /** [0, 1): the jitter of waits. */
  random(): number;
  /** Something that the operator should know although the run goes on; one plain sentence. */
  onNote(text: string, activityId?: string): void;
  /** A line that a child wrote to its stderr, and the activity of the message that it runs for. */
  onStderr(line: string, activityId?: string): void;
}

/** One `--backend-opt KEY=VALUE`, declared once for parsing and help. */
export interface BackendOption {
  type: OptionType;
  summary: string;
  /** As it would be written on the command line. */
  default?: string;
  required?: boolean;
  /** For `enum`. */
  values?: readonly string[];
  /** What a shell offers for the value, where that is not any text. */
  complete?: "file" | "folder";
  /** For `integer` and `number`: the least and the greatest value. */
  min?: number;
  max?: number;
  /**
   * The key is the first part of many: `header` declares `header.NAME=VALUE` for any name. Their values
   * lie under the whole key.
   */
  named?: boolean;
}

/**
 * `text` may be `env:NAME`, which stands for the variable's value; a `secret` must be. Both are masked
 * in every output where they come from a variable.
 */
export type OptionType =
  "string" | "text" | "secret" | "boolean" | "integer" | "number" | "duration" | "bytes" | "enum";

/** Parsed options: texts as text, duration in ms, bytes and numbers as a number. */
export type OptionValues = { [name: string]: string | number | boolean | undefined };

export interface BackendType {
  name: string;
  summary: string;
  options: Record<string, BackendOption>;
  /**
   * Loads the backend's code, which no other command pays for. Rejects with a UsageError where options
   * contradict each other, or a variable that they name is not set.
   */
  create(options: OptionValues, parts: BackendParts): Promise<Backend>;
}
