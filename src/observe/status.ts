/** What a bridge tells of itself to whoever asks: its health server, its status file, its status line. */
import type { WakeState } from "../bridge/events.ts";

/** How a workspace is served at the moment. Times are milliseconds since 1970. */
export interface WorkspaceStatus {
  workspaceId: string;
  /** What its agent is called, where the operator says so. */
  name: string | undefined;
  /** What answers its messages. */
  backend: string;
  mode: "poll" | "push";
  /**
   * - `starting`: not registered yet; `waiting`: another bridge has the workspace; `standby`: so,
   *   and this one is there to take its place;
   * - `connected`: messages are taken; `troubled`: so, but something is wrong (see `troubles`);
   * - `draining`: what is in hand is finished; `stopped`;
   * - `failed`: it ended with an error; tried again at `retryAt`, where there is one.
   */
  state:
    | "starting"
    | "waiting"
    | "standby"
    | "connected"
    | "troubled"
    | "draining"
    | "stopped"
    | "failed";
  /** What is wrong, in one clause each, the worst first: none while all is well. */
  troubles: string[];
  /** Of a workspace that failed. */
  retryAt: number | undefined;
  connectedAt: number | undefined;
  /** The last heartbeat that the platform took. */
  lastBeatAt: number | undefined;
  /** The last time that the feed was read. */
  lastLookAt: number | undefined;
  /** The last message that was taken. */
  lastMessageAt: number | undefined;
  wake: WakeState;
  /** Runs at this moment. */
  running: number;
  /** Of this run of the bridge, by how they ended. */
  messages: Readonly<Record<MessageOutcome, number>>;
  /** What the store holds; undefined where it can't be asked at the moment. */
  store: StoreCounts | undefined;
}

/**
 * How a message came to its end: `answered` by the backend, `declined` (it said nothing), `noted` (an
 * answer to us, shown to the backend), `failed` (told so; kept as a dead letter), `refused` (its sender may
 * not ask), or `skipped` (no request, or sent twice).
 */
export type MessageOutcome = "answered" | "declined" | "noted" | "failed" | "refused" | "skipped";

export interface StoreCounts {
  /** Messages that are not settled yet. */
  unsettled: number;
  /** Answers that are not delivered yet. */
  outbox: number;
  deadLetters: number;
}

/** All that one process serves. */
export interface ProcessStatus {
  version: string;
  pid: number;
  /** What tells the process from a later one of the same number, where the system knows that. */
  identity: string | undefined;
  host: string;
  startedAt: number;
  /** When this was written. */
  at: number;
  /** Address of the health server, where there is one. */
  health: string | undefined;
  workspaces: WorkspaceStatus[];
}
