import type { Outcome } from "../backends/backend.ts";
import type { ReplyKind } from "../a2a/reply.ts";
import type { Holder } from "../store/store.ts";

/**
 * What the bridge tells: the only way out of it beside its end. The terminal, JSON logs and
 * metrics are views of these; no event holds a token or a message's text.
 */
export type BridgeEvent = Told & {
  /** What the peer in `from` or `to` calls itself, where that is known: one short line. */
  fromName?: string;
};

type Told =
  /** `shared`: with other machines, so that to wait is the work of a standby. */
  | { type: "lock-waiting"; holder: Holder | undefined; shared?: boolean }
  /** Of the store that is shared, for all workspaces of the process at once. */
  | { type: "store-away"; reason: string; hint: string | undefined }
  | { type: "store-back"; afterMs: number }
  /** It can't tell us at once of what is free: that is looked for each second. */
  | { type: "store-deaf"; reason: string }
  /** Another process has the workspace now: what was in hand is its. */
  | { type: "lease-lost"; reason: string }
  /** We have given the workspace to another process, with nothing in hand. */
  | { type: "handed-over" }
  | {
      type: "recovered";
      runs: number;
      processes: number;
      /** False where only their senders can have them run again (push mode). */
      kept?: boolean;
    }
  | { type: "handled-elsewhere"; cursor: string; messages: number }
  | { type: "register-retry"; attempt: number; of: number; reason: string; inMs: number }
  | { type: "token-issued"; kept: boolean; reason: string | undefined }
  /** `waitMs`: how long a newer one may take to come. */
  | { type: "token-refused"; origin: string; waitMs: number }
  | { type: "token-changed"; origin: string }
  | {
      type: "connected";
      workspaceId: string;
      /** Where reading begins; in push mode nothing is read. */
      start: "cursor" | "window" | "everything" | "push";
      /** In push mode the public address, without its secret end. */
      from: string;
    }
  | { type: "push-listening"; address: string }
  | { type: "push-doubt"; reason: string }
  /** After a doubt: it leads here again. */
  | { type: "push-reached"; address: string }
  | { type: "push-secured" }
  | {
      type: "push-refused";
      /** Told at most once a minute for each reason: how many there were since. */
      count: number;
      status: number;
      reason: string;
    }
  | { type: "push-repeat"; activityId: string; running: boolean }
  | { type: "push-left"; waiting: number }
  /** The platform took a heartbeat. No line of the log: it happens all day. */
  | { type: "beat"; ms: number }
  | { type: "heartbeat-failed"; failures: number; reason: string; inMs: number }
  | { type: "heartbeat-recovered"; failures: number; afterMs: number }
  | { type: "heartbeat-ended"; reason: string; hint: string | undefined }
  | {
      type: "feed-failed";
      failures: number;
      /** The first of its kind, or a reminder after ten minutes. */
      edge: boolean;
      forMs: number;
      reason: string;
      hint: string | undefined;
      inMs: number;
    }
  | { type: "feed-recovered"; failures: number; afterMs: number }
  | { type: "cursor-gone"; cursor: string }
  | { type: "page-shrunk"; limit: number; reason: string }
  | { type: "row-unreadable"; reason: string }
  /** A page of the feed was read, and its rows are in the journal. No line of the log. */
  | { type: "looked"; why: LookReason; rows: number; found: number; ms: number }
  | { type: "wake"; state: WakeState; reason: string | undefined; inMs: number | undefined }
  /**
   * The event stream told that the token is about to be another one (contract 2.11). `awaited`: a new one
   * is looked for at `origin`; else only a new start can take it.
   */
  | { type: "credentials-rotated"; origin: string; awaited: boolean }
  /** The platform's rate limit, and those who share it, leave so few looks where no event asks for one. */
  | { type: "rate-shared"; idleMs: number }
  /** Messages came that the event stream had not told of: it is not relied on for so long. */
  | { type: "wake-missed"; forMs: number }
  | { type: "fetched"; rows: number }
  | { type: "entered"; rows: number }
  | { type: "journal-full"; waiting: number; deadLetters: number; bytes: number }
  | { type: "journal-room"; afterMs: number }
  | { type: "id-reused"; activityId: string; from: string }
  | { type: "turn-limit"; from: string; limit: number; inMs: number }
  /** Its sender may not ask. `told`: it is said so to the sender. */
  | { type: "refused"; activityId: string; from: string; told: boolean }
  /** US dollars; `inMs` until the next day. `kept`: false where messages are refused meanwhile (push mode). */
  | { type: "budget-spent"; spentUsd: number; limitUsd: number; inMs: number; kept?: boolean }
  | { type: "budget-renewed"; limitUsd: number }
  /** A run ended without telling what it cost: it counts as this much against the day's budget. */
  | { type: "cost-assumed"; activityId: string; usd: number }
  | { type: "interim-failed"; activityId: string; reason: string }
  | {
      type: "backend-paused";
      reason: string;
      hint: string;
      forMs: number;
      /** Until the first look, where it is known that none before is of use. */
      inMs?: number;
      /** False where messages are refused meanwhile (push mode). */
      kept?: boolean;
    }
  | { type: "backend-still-paused"; reason: string }
  | { type: "backend-resumed" }
  | { type: "skipped"; activityId: string; reason: string; routine: boolean }
  | {
      type: "taken";
      activityId: string;
      messageId: string | undefined;
      from: string;
      isReply: boolean;
      bytes: number;
      /** 1 at the first try. */
      attempt: number;
      /** An earlier run of it was cut on the way. */
      interrupted: boolean;
      /** Since its row was written, by the platform's clock; undefined where that is not known. */
      delayMs: number | undefined;
      /** Of the trace that it belongs to (W3C Trace Context), 32 hex digits. */
      traceId: string;
    }
  /** The backend's run ended. No line of the log: what comes of it is told elsewhere. */
  | { type: "ran"; activityId: string; ms: number; outcome: Outcome["kind"] }
  | {
      type: "run-retry";
      activityId: string;
      attempt: number;
      of: number;
      /** False where the try is not one of `of`: then `attempt` counts such tries alone. */
      counted?: boolean;
      reason: string;
      inMs: number;
    }
  /** It is not waited for any longer (`--once`); the next start takes it up. */
  | { type: "run-left"; activityId: string; reason: string }
  | {
      type: "run-failed";
      activityId: string;
      from: string;
      attempts: number;
      reason: string;
      /** False where there is no dead letter of it (push mode). */
      kept?: boolean;
    }
  | { type: "declined"; activityId: string; from: string; reason: string }
  | { type: "noted"; activityId: string; from: string; ms: number }
  | { type: "reply-kept"; activityId: string; kind: ReplyKind }
  | {
      type: "file-left-out";
      activityId: string;
      /** It came with the message and was not fetched, or it does not go with the answer. */
      way: "received" | "attached";
      file: string;
      /** How many `file` stands for, where it is not the name of one. */
      files?: number;
      reason: string;
    }
  /** What is kept of a dead letter's files was removed, since those of all took up too much. */
  | { type: "dead-files-removed"; activityId: string; bytes: number; mostBytes: number }
  | {
      type: "answered";
      activityId: string;
      to: string;
      ms: number;
      kind: ReplyKind;
      note: string | undefined;
    }
  | {
      type: "reply-retry";
      activityId: string;
      to: string;
      failures: number;
      reason: string;
      inMs: number;
    }
  | { type: "reply-refused"; activityId: string; to: string; kind: ReplyKind; reason: string }
  | { type: "reply-handed-over"; activityId: string; to: string; afterMs: number }
  | {
      type: "reply-late";
      activityId: string;
      to: string;
      delivered: boolean;
      reason: string | undefined;
    }
  | { type: "save-failed"; reason: string; hint: string | undefined; inMs: number }
  | { type: "save-recovered"; failures: number }
  | { type: "upkeep-failed"; reason: string }
  | { type: "backend-note"; text: string; activityId: string | undefined }
  | { type: "backend-stderr"; line: string; activityId: string | undefined }
  | { type: "woke"; asleepMs: number }
  | { type: "draining"; running: number; graceMs: number }
  | { type: "cursor-saved"; id: string }
  | {
      type: "stopped";
      /** Messages that came to their end in this run, and how many of them in the dead letters. */
      settled: number;
      dead: number;
      /** Messages that the next start takes up. */
      waiting: number;
      /** Answers that the next start posts. */
      replies: number;
      /** Answers that their peers still hold open. */
      openReplies: number;
    };

/**
 * Why the feed was looked at: at the start, since an event told of a row (`event`) or the event stream came
 * or went (`stream`), since its time had come, since the page before was full (`more`), or since something
 * had just been told of, found or answered (`busy`).
 */
export type LookReason = "start" | "event" | "stream" | "time" | "more" | "busy";

/**
 * How we hear of new rows: not at all but by looking (`off`), not at the moment (`away`, tried again
 * later), by a stream that has not proven itself yet (`open`), or by one that has (`healthy`).
 */
export type WakeState = "off" | "away" | "open" | "healthy";

export type Emit = (event: BridgeEvent) => void;

/**
 * How a message's sender is named in events: the peer's id; the canvas, which has none, by name; and
 * `unknown` where the platform does not tell (push mode).
 */
export function senderName(peerId: string | undefined, sender?: string): string {
  return peerId || (sender === "unknown" ? sender : "canvas");
}
