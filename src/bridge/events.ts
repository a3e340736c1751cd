/**
 * What the bridge tells: the only way out of it beside its end. The terminal, JSON logs and (later)
 * metrics are views of these; no event holds a token or a message's text.
 */
export type BridgeEvent =
  | { type: "register-retry"; attempt: number; of: number; reason: string; inMs: number }
  | { type: "token-issued"; kept: boolean; reason: string | undefined }
  | { type: "token-refused"; origin: string }
  | { type: "token-changed"; origin: string }
  | {
      type: "connected";
      workspaceId: string;
      start: "cursor" | "window" | "everything";
      from: string;
    }
  | { type: "heartbeat-failed"; failures: number; reason: string; inMs: number }
  | { type: "heartbeat-recovered"; failures: number; afterMs: number }
  | { type: "heartbeat-ended"; reason: string; hint: string | undefined }
  | {
      type: "feed-failed";
      failures: number;
      reason: string;
      hint: string | undefined;
      inMs: number;
    }
  | { type: "feed-recovered"; failures: number; afterMs: number }
  | { type: "cursor-gone"; cursor: string }
  | { type: "page-shrunk"; limit: number; reason: string }
  | { type: "row-unreadable"; reason: string }
  | { type: "skipped"; activityId: string; reason: string; routine: boolean }
  | {
      type: "taken";
      activityId: string;
      messageId: string | undefined;
      from: string;
      isReply: boolean;
      bytes: number;
    }
  | {
      type: "run-retry";
      activityId: string;
      attempt: number;
      of: number;
      reason: string;
      inMs: number;
    }
  | { type: "run-failed"; activityId: string; from: string; attempts: number; reason: string }
  | { type: "declined"; activityId: string; from: string; reason: string }
  | { type: "noted"; activityId: string; from: string; ms: number }
  | {
      type: "answered";
      activityId: string;
      to: string;
      ms: number;
      failure: boolean;
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
  | { type: "reply-dropped"; activityId: string; to: string; reason: string }
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
  | { type: "backend-stderr"; line: string }
  | { type: "woke"; asleepMs: number }
  | { type: "draining"; running: number; graceMs: number }
  | { type: "stopped"; settled: number; unsettled: number; openReplies: number };

export type Emit = (event: BridgeEvent) => void;

/** How a message's sender is named in events. */
export function senderName(peerId: string | undefined): string {
  return peerId ?? "canvas";
}
