/** Events and statuses for the tests of what a bridge shows. */
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import type { StoreCounts, WorkspaceStatus } from "../../../src/observe/status.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";

export const COUNTS: StoreCounts = { unsettled: 3, outbox: 1, deadLetters: 2 };

export const connected: BridgeEvent = {
  type: "connected",
  workspaceId: WORKSPACE,
  start: "cursor",
  from: "",
};
export const beat: BridgeEvent = { type: "beat", ms: 3 };
export const looked: BridgeEvent = { type: "looked", why: "time", rows: 0, found: 0, ms: 3 };
export const stopped: BridgeEvent = {
  type: "stopped",
  settled: 0,
  dead: 0,
  waiting: 0,
  replies: 0,
  openReplies: 0,
};

export function taken(activityId: string, delayMs?: number, attempt = 1): BridgeEvent {
  return {
    type: "taken",
    activityId,
    messageId: undefined,
    from: "peer",
    isReply: false,
    bytes: 1,
    attempt,
    interrupted: false,
    delayMs,
    traceId: "0".repeat(31).concat("1"),
  };
}

export function answered(activityId: string, kind: "answer" | "failure" | "trouble" = "answer") {
  const event = { type: "answered", activityId, to: "peer", ms: 1, kind, note: undefined } as const;
  return event satisfies BridgeEvent;
}

export function ran(activityId: string, ms = 5): BridgeEvent {
  return { type: "ran", activityId, ms, outcome: "answer" };
}

export function runFailed(activityId: string): BridgeEvent {
  return { type: "run-failed", activityId, from: "peer", attempts: 1, reason: "it broke" };
}

export function heartbeatFailed(reason = "no answer"): BridgeEvent {
  return { type: "heartbeat-failed", failures: 1, reason, inMs: 10 };
}

export function feedFailed(reason = "no answer"): BridgeEvent {
  return {
    type: "feed-failed",
    failures: 1,
    edge: true,
    forMs: 0,
    reason,
    hint: undefined,
    inMs: 10,
  };
}

export function paused(reason = "not logged in"): BridgeEvent {
  return { type: "backend-paused", reason, hint: "log in", forMs: 10 };
}

export function wake(state: "off" | "away" | "open" | "healthy"): BridgeEvent {
  return { type: "wake", state, reason: undefined, inMs: undefined };
}

/** A workspace that is well, with some of it changed. */
export function statusOf(change: Partial<WorkspaceStatus> = {}): WorkspaceStatus {
  return {
    workspaceId: WORKSPACE,
    name: undefined,
    backend: "mock",
    mode: "poll",
    state: "connected",
    troubles: [],
    retryAt: undefined,
    connectedAt: 1_000,
    lastBeatAt: 2_000,
    lastLookAt: 3_000,
    lastMessageAt: 4_000,
    wake: "healthy",
    running: 0,
    messages: { answered: 0, declined: 0, noted: 0, failed: 0, refused: 0, skipped: 0 },
    store: { unsettled: 0, outbox: 0, deadLetters: 0 },
    ...change,
  };
}
