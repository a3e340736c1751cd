/** The lines for the runs of messages: whether there is one, and what becomes of it. */
import type { BridgeEvent } from "../../bridge/events.ts";
import type { LogLevel } from "../../cli/log.ts";
import { count } from "../../shared/count.ts";
import { dollars, ms, name, short } from "./event-words.ts";

/** What is told of the runs of messages. */
export type RunEvent = Extract<
  BridgeEvent,
  {
    type:
      | "turn-limit"
      | "refused"
      | "budget-spent"
      | "budget-renewed"
      | "taken"
      | "interim-failed"
      | "run-retry"
      | "run-left"
      | "run-failed"
      | "declined"
      | "noted";
  }
>;

/** The line for an event, as {@link describe} of event-lines.ts gives those of all. */
export function describeRun(event: RunEvent): [LogLevel, string] {
  switch (event.type) {
    case "turn-limit":
      return [
        "warn",
        `${name(event.from, event.fromName)} has caused ${count(event.limit, "run")} within an hour (--turn-limit); its messages wait for ${ms(event.inMs)}`,
      ];
    case "refused":
      return [
        // Who goes on asking is told nothing, and fills no log.
        event.told ? "info" : "debug",
        `refused message ${short(event.activityId)} from ${name(event.from, event.fromName)} (--allow-from)`,
      ];
    case "budget-spent":
      return [
        "warn",
        `the day's budget is spent: ${dollars(event.spentUsd)} of ${dollars(event.limitUsd)} (--daily-budget); messages ${event.kept === false ? "are refused until" : "wait for"} the next day, in ${ms(event.inMs)}`,
      ];
    case "budget-renewed":
      return [
        "info",
        `a new day, with ${dollars(event.limitUsd)} to spend: messages are answered again`,
      ];
    case "interim-failed":
      return [
        "debug",
        `what ${short(event.activityId)} said on the way could not be shown: ${event.reason}`,
      ];
    case "run-left":
      return [
        "warn",
        `message ${short(event.activityId)} is left for the next start: ${event.reason}`,
      ];
    case "taken":
      return [
        "info",
        `${event.isReply ? "an answer" : "message"} ${short(event.activityId)} from ${name(event.from, event.fromName)} (${count(event.bytes, "byte")})${event.attempt > 1 ? `, try ${event.attempt}` : ""}${event.interrupted ? ", after a run that was cut" : ""}`,
      ];
    case "run-retry":
      return [
        "warn",
        `message ${short(event.activityId)}: ${event.reason} (${event.counted === false ? "not counted" : `try ${event.attempt} of ${event.of}`}); again in ${ms(event.inMs)}`,
      ];
    case "run-failed":
      return [
        "error",
        `message ${short(event.activityId)} from ${name(event.from, event.fromName)} failed after ${count(event.attempts, "try", "tries")}: ${event.reason}${event.kept === false ? "" : "; kept as a dead letter (molecule dead-letter)"}`,
      ];
    case "declined":
      return [
        "info",
        `message ${short(event.activityId)} from ${name(event.from, event.fromName)} has no answer: ${event.reason}`,
      ];
    case "noted":
      return [
        "info",
        `answer ${short(event.activityId)} from ${name(event.from, event.fromName)} was shown to the backend in ${ms(event.ms)}`,
      ];
  }
}
