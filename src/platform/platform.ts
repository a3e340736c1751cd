/** The platform as the bridge sees it: one workspace's calls, and the way they fail. */
import type {
  AgentCard,
  HeartbeatRequest,
  MessageSendRequest,
  NotifyRequest,
} from "../contract/types.ts";
import { ExitCode, MoleculeError } from "../shared/errors.ts";

/**
 * What an answer, or the lack of one, means (design, "Errors of the platform"):
 * - `transient`: no connection, a timeout, 408, 425, 429, 5xx, or an answer that does not decode;
 * - `unauthorized` (401) and `forbidden` (403);
 * - `gone` (410): the cursor on the feed, the workspace on GET /workspaces/:id;
 * - `misaddressed`: an empty 404, a missing tenant header, a redirect elsewhere;
 * - `permanent`: any other 4xx.
 */
export type Verdict =
  "transient" | "unauthorized" | "forbidden" | "gone" | "misaddressed" | "permanent";

export interface Failure {
  verdict: Verdict;
  /** HTTP status; undefined when no answer came. */
  status?: number | undefined;
  /** What the platform asked for, in milliseconds, not clamped. */
  retryAfterMs?: number | undefined;
  hint?: string | undefined;
  /** The request may have been received and acted on although no answer came. */
  unknownOutcome?: boolean | undefined;
  /** The platform says that the message did reach its target: don't send it again. */
  deliveryConfirmed?: boolean | undefined;
  /** The answer was larger than we read, cut off, or broken JSON: a smaller one may be readable. */
  unreadable?: boolean | undefined;
  /** When the workspace was removed, RFC 3339, where a 410 tells. */
  removedAt?: string | undefined;
  /** The beginning of an answer that was larger than we read. */
  head?: string | undefined;
  /** There is no such thing on this platform, as far as its answer can tell. */
  absent?: boolean | undefined;
}

const EXIT_CODES: Record<Verdict, ExitCode> = {
  transient: ExitCode.unreachable,
  unauthorized: ExitCode.refused,
  forbidden: ExitCode.refused,
  gone: ExitCode.removed,
  misaddressed: ExitCode.usage,
  permanent: ExitCode.failed,
};

/** A call that did not get the answer it wanted. The message holds the platform's own words. */
export class PlatformError extends MoleculeError {
  override readonly name = "PlatformError";
  readonly failure: Failure;

  constructor(message: string, failure: Failure) {
    super(message, { exitCode: EXIT_CODES[failure.verdict], hint: failure.hint });
    this.failure = failure;
  }

  get verdict(): Verdict {
    return this.failure.verdict;
  }
}

/** Parameters of GET /workspaces/:id/activity (contract 2.3). */
export interface ActivityQuery {
  limit: number;
  sinceId?: string | undefined;
  /** Whole seconds, at least 1. Never together with sinceId: the platform ANDs them (T19). */
  sinceSecs?: number | undefined;
  /** RFC 3339; rows strictly older. */
  beforeTs?: string | undefined;
  /** Only rows that name no sender: the canvas user's, and our own notices. */
  source?: "canvas" | undefined;
}

/** What the platform said last about its rate limit (contract 1.8). */
export interface RateLimit {
  /** Calls a minute. */
  limit: number;
  remaining: number;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Open a new connection: pooled ones may be dead after the machine slept. */
  fresh?: boolean | undefined;
}

/** How the platform is to bring us messages. */
export interface RegisterOptions extends CallOptions {
  /** It posts them to this address; without, they wait until we fetch them. */
  push?: { url: string } | undefined;
}

export interface NotifyOptions extends CallOptions {
  /** Files that go with the text: what {@link Platform.upload} gave, or http(s) addresses. */
  attachments?: NotifyRequest["attachments"] | undefined;
}

export interface DownloadOptions extends CallOptions {
  /** A file that is larger is `permanent`, and is read no further than this. */
  maxBytes: number;
}

export interface Registration {
  /** The one copy of a new token, when the workspace had none. */
  authToken: string | undefined;
  /** What the platform shows when it calls us (contract 5.3). Masked in every output. */
  inboundSecret: string | undefined;
}

/** A file on its way to the canvas user. */
export interface FileToUpload {
  name: string;
  /** Undefined leaves the type of `data`. */
  mimeType: string | undefined;
  data: Blob;
}

/** A file that the platform has taken, as it describes it. */
export interface UploadedFile {
  /** For {@link NotifyOptions.attachments}. */
  uri: string;
  name: string;
  mimeType: string | undefined;
  size: number | undefined;
}

/** Takes a piece of a file. The next one is read when it is done. */
export type Sink = (chunk: Uint8Array) => Promise<void> | void;

/** What was heard on an event stream. */
export type StreamSign =
  /** It is open: the headers of the answer are there. */
  | { kind: "open" }
  /** A line that says nothing but that there is somebody. */
  | { kind: "comment" }
  | {
      kind: "event";
      /** As the contract names them; a newer platform has others. */
      type: string;
      /** Of the row that was logged; undefined where there is none, or it can't be told. */
      activityType: string | undefined;
    }
  /** A frame that is no event of this platform. */
  | { kind: "junk" };

/** All calls reject with a {@link PlatformError} and have a deadline of their own. */
export interface Platform {
  register(card: AgentCard, options?: RegisterOptions): Promise<Registration>;
  /** The platform gives its inbound secret with every beat, so that a new one is learnt. */
  heartbeat(
    report: Omit<HeartbeatRequest, "workspace_id">,
    options?: CallOptions,
  ): Promise<{ inboundSecret: string | undefined }>;
  /** One page of inbound rows as they came, in the platform's order. */
  activity(query: ActivityQuery, options?: CallOptions): Promise<unknown[]>;
  /** Sends to a peer. Any 2xx is delivered; `note` says what its body complained about, if so. */
  send(
    targetId: string,
    request: MessageSendRequest,
    options?: CallOptions,
  ): Promise<{ queued: boolean; body: unknown; note: string | undefined }>;
  notify(message: string, options?: NotifyOptions): Promise<void>;
  /**
   * Reads a file that the canvas user sent us, piece by piece: the end of its `platform-pending:` uri
   * names it. What `sink` throws is thrown on as it is. Where the call fails, the sink may have been
   * given a part.
   */
  download(
    fileId: string,
    sink: Sink,
    options: DownloadOptions,
  ): Promise<{ mimeType: string | undefined; size: number }>;
  /** Says that a file was fetched: the platform need not keep it, and soon nobody can read it. */
  acknowledge(fileId: string, options?: CallOptions): Promise<void>;
  /** Hands over a file for the canvas user. A row of it comes back in our own feed (T25). */
  upload(file: FileToUpload, options?: CallOptions): Promise<UploadedFile>;
  /** The one call that tells why a token is refused: `gone` when the workspace was removed. */
  workspace(options?: CallOptions): Promise<{
    name: string | undefined;
    /** Where its messages are pushed to; "" for nowhere, undefined where the platform does not tell. */
    url: string | undefined;
  }>;
  /** What another workspace is called; undefined where the platform does not know it, or won't say. */
  peerName(id: string, options?: CallOptions): Promise<string | undefined>;
  /**
   * Listens to the workspace's event stream: `hear` is called with each sign on it. Resolves when the
   * platform ends it. The deadline is for its opening alone: who listens sees to silence himself.
   */
  events(hear: (sign: StreamSign) => void, options?: CallOptions): Promise<void>;
  /** Answers only to a valid token of this very workspace. */
  state(options?: CallOptions): Promise<{ status: string | undefined; paused: boolean }>;
  /** The server's clock in milliseconds, from the last `Date` seen; our own before that. */
  serverNow(): number;
  /** Undefined until the platform has named one. */
  rateLimit(): RateLimit | undefined;
}
