/** The lines for what becomes of answers. */
import type { BridgeEvent } from "../../bridge/events.ts";
import type { LogLevel } from "../../cli/log.ts";
import { edge, ms, name, SAID, short, UNDELIVERED } from "./event-words.ts";

/** What is told of answers. */
export type ReplyEvent = Extract<BridgeEvent, { type: "answered" | `reply-${string}` }>;

/** The line for an event, as {@link describe} of event-lines.ts gives those of all. */
export function describeReply(event: ReplyEvent): [LogLevel, string] {
  switch (event.type) {
    case "reply-kept":
      return ["debug", `the ${event.kind} to ${short(event.activityId)} is on the disk`];
    case "answered":
      return [
        "info",
        `message ${short(event.activityId)} from ${name(event.to, event.fromName)}: ${SAID[event.kind]} ${ms(event.ms)}${event.note === undefined ? "" : `; the platform notes: ${event.note}`}`,
      ];
    case "reply-retry":
      return [
        edge(event.failures),
        `the answer to ${name(event.to, event.fromName)} (message ${short(event.activityId)}) was not delivered: ${event.reason}; again in ${ms(event.inMs)}`,
      ];
    case "reply-refused":
      return [
        "error",
        `${UNDELIVERED[event.kind]} to ${name(event.to, event.fromName)} (message ${short(event.activityId)}) can't be delivered: ${event.reason}${event.kind === "trouble" ? "" : `; kept as a dead letter (molecule dead-letter)`}`,
      ];
    case "reply-handed-over":
      return [
        "info",
        `${name(event.to, event.fromName)} is taking its time over our answer (to message ${short(event.activityId)}); going on`,
      ];
    case "reply-late":
      return event.delivered
        ? [
            "debug",
            `${name(event.to, event.fromName)} has taken our answer (to message ${short(event.activityId)})`,
          ]
        : [
            "warn",
            `our answer to ${name(event.to, event.fromName)} (message ${short(event.activityId)}) was held open and then not confirmed: ${event.reason}`,
          ];
  }
}
