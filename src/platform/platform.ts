/** The platform as the bridge sees it: one workspace's calls, and the way they fail. */
import type { AgentCard, HeartbeatRequest, MessageSendRequest } from "../contract/types.ts";
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
  /** The beginning of an answer that was larger than we read. */
  head?: string | undefined;
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

export interface Registration {
  /** The one copy of a new token, when the workspace had none. */
  authToken: string | undefined;
}

/** All calls reject with a {@link PlatformError} and have a deadline of their own. */
export interface Platform {
  register(card: AgentCard, options?: CallOptions): Promise<Registration>;
  heartbeat(report: Omit<HeartbeatRequest, "workspace_id">, options?: CallOptions): Promise<void>;
  /** One page of inbound rows as they came, in the platform's order. */
  activity(query: ActivityQuery, options?: CallOptions): Promise<unknown[]>;
  /** Sends to a peer. Any 2xx is delivered; `note` says what its body complained about, if so. */
  send(
    targetId: string,
    request: MessageSendRequest,
    options?: CallOptions,
  ): Promise<{ queued: boolean; body: unknown; note: string | undefined }>;
  notify(message: string, options?: CallOptions): Promise<void>;
  /** The one call that tells why a token is refused: `gone` when the workspace was removed. */
  workspace(options?: CallOptions): Promise<{ name: string | undefined }>;
  /** Answers only to a valid token of this very workspace. */
  state(options?: CallOptions): Promise<{ status: string | undefined; paused: boolean }>;
  /** The server's clock in milliseconds, from the last `Date` seen; our own before that. */
  serverNow(): number;
  /** Undefined until the platform has named one. */
  rateLimit(): RateLimit | undefined;
}
