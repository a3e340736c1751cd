/** The bridge's events as the operator reads them: a level and one line each. */
import { senderName, type BridgeEvent } from "../bridge/events.ts";
import type { Log, LogLevel } from "../cli/log.ts";
import { formatDuration } from "../shared/duration.ts";
import { isUuid } from "../shared/ids.ts";
import type { JsonObject } from "../shared/json.ts";

/** Tells an event; its fields go along for the JSON form. */
export function logEvent(log: Log, event: BridgeEvent): void {
  const [level, message] = describe(event);
  const { type, ...fields } = event;
  // Milliseconds are precise enough.
  const rounded = Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === "number" ? Math.round(value) : value,
  ]);
  log[level](message, { event: type, ...Object.fromEntries(rounded) } satisfies JsonObject);
}

/** The line for an event. Repeats of a trouble are for --verbose; its edges are for everyone. */
export function describe(event: BridgeEvent): [LogLevel, string] {
  switch (event.type) {
    case "register-retry":
      return [
        "warn",
        `${event.reason} (try ${event.attempt} of ${event.of}); again in ${ms(event.inMs)}`,
      ];
    case "token-issued":
      return event.kept
        ? ["info", "the platform handed out a token; it is kept in the state folder"]
        : [
            "warn",
            `the platform handed out a token that could not be kept (${event.reason}): it is lost when this run ends`,
          ];
    case "token-refused":
      return [
        "warn",
        `the platform refused the token from ${event.origin}; waiting up to a minute for a new one there`,
      ];
    case "token-changed":
      return ["info", `using a new token from ${event.origin}`];
    case "connected":
      return ["info", `connected, ${START[event.start]}${startPoint(event)}`];
    case "heartbeat-failed":
      return [edge(event.failures), `${event.reason}; again in ${ms(event.inMs)}`];
    case "heartbeat-recovered":
      return [
        "info",
        `heartbeat is back after ${ms(event.afterMs)} and ${event.failures} failed tries`,
      ];
    case "heartbeat-ended":
      return [
        "error",
        withHint(
          `heartbeats have ended, so the platform will show this workspace offline: ${event.reason}`,
          event.hint,
        ),
      ];
    case "feed-failed":
      return [
        edge(event.failures),
        withHint(`${event.reason}; again in ${ms(event.inMs)}`, event.hint),
      ];
    case "feed-recovered":
      return [
        "info",
        `fetching is back after ${ms(event.afterMs)} and ${event.failures} failed tries`,
      ];
    case "cursor-gone":
      return [
        "warn",
        `the platform no longer knows the cursor ${event.cursor}; looking through all that it still has`,
      ];
    case "page-shrunk":
      return ["warn", `${event.reason}; asking for ${event.limit} rows at a time`];
    case "row-unreadable":
      return ["error", `part of the feed can't be read: ${event.reason}`];
    case "skipped":
      return [
        event.routine ? "debug" : "info",
        `passed over ${short(event.activityId)}: ${event.reason}`,
      ];
    case "taken":
      return [
        "info",
        `${event.isReply ? "an answer" : "message"} ${short(event.activityId)} from ${name(event.from)} (${event.bytes} ${event.bytes === 1 ? "byte" : "bytes"})`,
      ];
    case "run-retry":
      return [
        "warn",
        `message ${short(event.activityId)}: ${event.reason} (try ${event.attempt} of ${event.of}); again in ${ms(event.inMs)}`,
      ];
    case "run-failed":
      return [
        "error",
        `message ${short(event.activityId)} from ${name(event.from)} failed after ${event.attempts} ${event.attempts === 1 ? "try" : "tries"}: ${event.reason}`,
      ];
    case "declined":
      return [
        "info",
        `message ${short(event.activityId)} from ${name(event.from)} has no answer: ${event.reason}`,
      ];
    case "noted":
      return [
        "info",
        `answer ${short(event.activityId)} from ${name(event.from)} was shown to the backend in ${ms(event.ms)}`,
      ];
    case "answered":
      return [
        "info",
        `${event.failure ? "told" : "answered"} ${name(event.to)} (${short(event.activityId)})${event.failure ? " that it failed," : ""} in ${ms(event.ms)}${event.note === undefined ? "" : `; the platform notes: ${event.note}`}`,
      ];
    case "reply-retry":
      return [
        edge(event.failures),
        `the answer to ${name(event.to)} (${short(event.activityId)}) was not delivered: ${event.reason}; again in ${ms(event.inMs)}`,
      ];
    case "reply-dropped":
      return [
        "error",
        `the answer to ${name(event.to)} (${short(event.activityId)}) can't be delivered and is dropped: ${event.reason}`,
      ];
    case "reply-handed-over":
      return [
        "info",
        `${name(event.to)} is taking its time over our answer (${short(event.activityId)}); going on`,
      ];
    case "reply-late":
      return event.delivered
        ? ["debug", `${name(event.to)} has taken our answer (${short(event.activityId)})`]
        : [
            "warn",
            `our answer to ${name(event.to)} (${short(event.activityId)}) was held open and then not confirmed: ${event.reason}`,
          ];
    case "save-failed":
      return [
        "error",
        withHint(`${event.reason}; going on, and trying again in ${ms(event.inMs)}`, event.hint),
      ];
    case "save-recovered":
      return ["info", `progress is saved again after ${event.failures} failed tries`];
    case "backend-stderr":
      return ["info", `backend: ${event.line}`];
    case "woke":
      return ["info", `the machine slept for ${ms(event.asleepMs)}; looking for messages`];
    case "draining":
      return [
        "info",
        event.running === 0
          ? "stopping"
          : `stopping: finishing the message in hand, for at most ${ms(event.graceMs)}; a second signal stops at once`,
      ];
    case "stopped":
      return ["info", stopped(event)];
  }
}

const START = {
  cursor: "from cursor",
  window: "with the messages since",
  everything: "with all messages that the platform has",
};

/** Whole seconds are enough for a person. */
function startPoint({ start, from }: Extract<BridgeEvent, { type: "connected" }>): string {
  return start === "everything" ? "" : ` ${from.replace(/\.\d+Z$/, "Z")}`;
}

function stopped({ settled, unsettled, openReplies }: Extract<BridgeEvent, { type: "stopped" }>) {
  const parts = [`stopped: ${settled} ${settled === 1 ? "message" : "messages"} finished`];
  if (unsettled > 0) parts.push(`${unsettled} not finished, to be delivered again`);
  if (openReplies > 0) parts.push(`${openReplies} answers still being taken by their peers`);
  return parts.join(", ");
}

function edge(failures: number): LogLevel {
  return failures === 1 ? "warn" : "debug";
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}

function ms(value: number): string {
  return formatDuration(value);
}

/** Enough of a UUID to find it in the feed. */
function short(id: string): string {
  return isUuid(id) ? id.slice(0, 8) : id;
}

function name(sender: string): string {
  return sender === senderName(undefined) ? "the canvas" : short(sender);
}
