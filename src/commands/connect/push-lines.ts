/** The lines for what happens in push mode alone. */
import type { BridgeEvent } from "../../bridge/events.ts";
import type { LogLevel } from "../../cli/log.ts";
import { count } from "../../shared/count.ts";
import { short } from "./event-words.ts";

/** What is told in push mode alone. */
export type PushEvent = Extract<BridgeEvent, { type: `push-${string}` }>;

/** The line for an event of push mode, as {@link describe} of event-lines.ts gives those of all. */
export function describePush(event: PushEvent): [LogLevel, string] {
  switch (event.type) {
    case "push-listening":
      return ["info", `listening on ${event.address}`];
    case "push-doubt":
      return ["warn", event.reason];
    case "push-reached":
      return ["info", `the public address ${event.address} leads to this bridge`];
    case "push-secured":
      return [
        "info",
        "the platform shows its secret with each message; from now on those without it are refused",
      ];
    case "push-refused":
      return event.status < 300
        ? ["warn", `did not run ${count(event.count, "message")}: ${event.reason}`]
        : [
            "warn",
            `refused ${count(event.count, "request")} with ${event.status}: ${event.reason}`,
          ];
    case "push-repeat":
      return [
        "info",
        `message ${short(event.activityId)} came again; ${event.running ? "it is still being answered" : "gave the answer that it had"}`,
      ];
    case "push-left":
      return [
        "warn",
        `${count(event.waiting, "message")} that came in poll mode ${event.waiting === 1 ? "is" : "are"} not finished; a start without --mode push takes ${event.waiting === 1 ? "it" : "them"} up`,
      ];
  }
}
