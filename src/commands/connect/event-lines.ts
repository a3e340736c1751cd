/** The bridge's events as the operator reads them: a level and one line each. */
import { count } from "../../shared/count.ts";
import type { BridgeEvent } from "../../bridge/events.ts";
import type { Log, LogLevel } from "../../cli/log.ts";
import {
  dollars,
  edge,
  ms,
  name,
  short,
  START,
  startPoint,
  stopped,
  withHint,
  pauseText,
  waitingWords,
} from "./event-words.ts";
import { memoryOf, type WakeTold } from "./event-memory.ts";
import { fieldsOf } from "./log-fields.ts";
import { describePush } from "./push-lines.ts";
import { describeReply } from "./reply-lines.ts";
import { describeRun } from "./run-lines.ts";
import { describeWake } from "./wake-lines.ts";

/**
 * Tells an event, if there is a line for it; its fields go along for the JSON form, with the trace of the
 * message that it is about. Each bridge needs a log of its own.
 */
export function logEvent(log: Log, event: BridgeEvent): void {
  const memory = memoryOf(log);
  const line = describe(event, memory.wake);
  const traceId = memory.hear(event);
  if (line === undefined) return;
  const [level, message] = line;
  log[level](message, {
    ...fieldsOf(event),
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  });
}

/**
 * The line for an event; undefined for one that has none. Repeats of a trouble are for --verbose; its
 * edges are for everyone. `wakeTold`: see {@link describeWake}.
 */
export function describe(event: BridgeEvent, wakeTold?: WakeTold): [LogLevel, string] | undefined {
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
        `the platform refused the token from ${event.origin}; waiting up to ${ms(event.waitMs)} for a new one there`,
      ];
    case "token-changed":
      return ["info", `using a new token from ${event.origin}`];
    case "connected":
      return ["info", `connected, ${START[event.start]}${startPoint(event)}`];
    case "push-listening":
    case "push-doubt":
    case "push-reached":
    case "push-secured":
    case "push-refused":
    case "push-repeat":
    case "push-left":
      return describePush(event);
    case "heartbeat-failed":
      return [edge(event.failures), `${event.reason}; again in ${ms(event.inMs)}`];
    case "heartbeat-recovered":
      return [
        "info",
        `heartbeat is back after ${ms(event.afterMs)} and ${count(event.failures, "failed try", "failed tries")}`,
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
        event.edge ? "warn" : "debug",
        event.failures === 1
          ? withHint(`${event.reason}; again in ${ms(event.inMs)}`, event.hint)
          : `still no messages after ${ms(event.forMs)}: ${event.reason}; again in ${ms(event.inMs)}`,
      ];
    case "feed-recovered":
      return [
        "info",
        `fetching is back after ${ms(event.afterMs)} and ${count(event.failures, "failed try", "failed tries")}`,
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
    case "lock-waiting":
      return ["info", waitingWords(event.holder, event.shared)];
    case "store-away": {
      const what = `the shared store is away: ${event.reason}; work in hand is kept, and nothing new is taken`;
      return ["warn", withHint(what, event.hint)];
    }
    case "store-back":
      return ["info", `the shared store is back after ${ms(event.afterMs)}`];
    case "store-deaf":
      return [
        "warn",
        `the shared store can't tell of what is free (${event.reason}); it is asked each second`,
      ];
    case "lease-lost":
      return ["warn", `${event.reason}; what was in hand here was ended, and is done there`];
    case "handed-over":
      return ["info", "given to another process, so that each serves its share"];
    case "recovered":
      return [
        "warn",
        `the last bridge died in the middle of ${count(event.runs, "run")}; ended ${count(event.processes, "process", "processes")} that it left, and ${event.kept === false ? "a message that is sent again is run again" : `running the ${event.runs === 1 ? "message" : "messages"} again`}`,
      ];
    case "handled-elsewhere":
      return [
        "warn",
        `another program has moved the cursor to ${event.cursor}: ${count(event.messages, "waiting message")} of ours ${event.messages === 1 ? "was" : "were"} handled there`,
      ];
    case "fetched":
      return ["debug", `fetched ${count(event.rows, "row")}`];
    case "entered":
      return ["debug", `${count(event.rows, "new row")} in the journal`];
    case "journal-full":
      return [
        "error",
        `the journal is full (${count(event.waiting, "waiting message")}, ${count(event.deadLetters, "dead letter")}, ${Math.round(event.bytes / 1_048_576)} MiB): fetching stops until there is room; molecule dead-letter drop makes some`,
      ];
    case "journal-room":
      return ["info", `the journal has room again after ${ms(event.afterMs)}`];
    case "id-reused":
      return [
        "warn",
        `${name(event.from, event.fromName)} gave message ${short(event.activityId)} the id of an earlier one with another text; taking it as a new message`,
      ];
    case "backend-paused":
      return [
        "error",
        withHint(`the backend can't work: ${event.reason}; ${pauseText(event)}`, event.hint),
      ];
    case "backend-still-paused":
      return ["info", `the backend still can't work: ${event.reason}`];
    case "backend-resumed":
      return ["info", "the backend works again"];
    case "skipped":
      return [
        event.routine ? "debug" : "info",
        `passed over ${short(event.activityId)}: ${event.reason}`,
      ];
    case "turn-limit":
    case "refused":
    case "budget-spent":
    case "budget-renewed":
    case "taken":
    case "interim-failed":
    case "run-retry":
    case "run-left":
    case "run-failed":
    case "declined":
    case "noted":
      return describeRun(event);
    case "cost-assumed":
      return [
        "info",
        `the run of ${short(event.activityId)} ended without telling what it cost; it counts as ${dollars(event.usd)} of the day's budget`,
      ];
    case "dead-files-removed":
      return [
        "warn",
        `removed the files of dead letter ${short(event.activityId)} (${Math.round(event.bytes / 1_048_576)} MiB): those of all dead letters may take up ${Math.round(event.mostBytes / 1_048_576)} MiB; molecule dead-letter drop makes room`,
      ];
    case "file-left-out": {
      const was = (event.files ?? 1) === 1 ? "was" : "were";
      const what = `${event.file} ${was} not ${event.way === "received" ? "fetched" : "attached"}`;
      return ["warn", `message ${short(event.activityId)}: ${what}: ${event.reason}`];
    }
    case "reply-kept":
    case "answered":
    case "reply-retry":
    case "reply-refused":
    case "reply-handed-over":
    case "reply-late":
      return describeReply(event);
    case "wake":
    case "wake-missed":
    case "rate-shared":
    case "credentials-rotated":
      return describeWake(event, wakeTold);
    case "beat":
    case "looked":
    case "ran":
      return undefined;
    case "save-failed":
      return [
        "error",
        withHint(`${event.reason}; going on, and trying again in ${ms(event.inMs)}`, event.hint),
      ];
    case "save-recovered":
      return [
        "info",
        `progress is saved again after ${count(event.failures, "failed try", "failed tries")}`,
      ];
    case "upkeep-failed":
      return ["warn", `looking after the journal failed: ${event.reason}`];
    case "cursor-saved":
      return ["debug", `saved the cursor ${event.id}`];
    case "backend-note":
      return [
        "warn",
        `backend${event.activityId === undefined ? "" : ` (${short(event.activityId)})`}: ${event.text}`,
      ];
    case "backend-stderr":
      return [
        "info",
        `backend${event.activityId === undefined ? "" : ` (${short(event.activityId)})`}: ${event.line}`,
      ];
    case "woke":
      return ["info", `the machine slept for ${ms(event.asleepMs)}; looking for messages`];
    case "draining":
      return [
        "info",
        event.running === 0
          ? "stopping"
          : `stopping: finishing ${event.running === 1 ? "the message" : `${event.running} messages`} in hand, for at most ${ms(event.graceMs)}; a second signal stops at once`,
      ];
    case "stopped":
      return ["info", stopped(event)];
  }
}
