/** The lines for how we hear of new messages. */
import type { BridgeEvent } from "../../bridge/events.ts";
import type { LogLevel } from "../../cli/log.ts";
import type { WakeTold } from "./event-memory.ts";
import { ms } from "./event-words.ts";

/** What is told of the workspace's event stream. */
export type WakeEvent = Extract<
  BridgeEvent,
  { type: "wake" | "wake-missed" | "rate-shared" | "credentials-rotated" }
>;

/**
 * The line for an event, as {@link describe} of event-lines.ts gives those of all. `told`: what was said
 * aloud last; to say it again is for --verbose.
 */
export function describeWake(event: WakeEvent, told: WakeTold): [LogLevel, string] {
  switch (event.type) {
    case "wake":
      return describeState(event, told);
    case "wake-missed":
      return [
        "warn",
        `messages came that the event stream had not told of; it is not relied on for ${ms(event.forMs)}`,
      ];
    case "credentials-rotated":
      return event.awaited
        ? ["info", `the platform is replacing the token; a new one is awaited from ${event.origin}`]
        : [
            "warn",
            `the platform is replacing the token from ${event.origin}; only a new start can take another one`,
          ];
    case "rate-shared":
      return [
        "info",
        `the platform's rate limit leaves a look for messages every ${ms(event.idleMs)}, unless the event stream asks for one`,
      ];
  }
}

function describeState(
  { state, reason, inMs }: Extract<WakeEvent, { type: "wake" }>,
  told: WakeTold,
): [LogLevel, string] {
  const isNews = state !== told;
  switch (state) {
    case "open":
      return ["debug", "the event stream is open"];
    case "healthy":
      return [isNews ? "info" : "debug", "woken by the event stream"];
    case "away":
      return [
        isNews ? "warn" : "debug",
        `the event stream is away${why(reason)}; looking for messages meanwhile${again(inMs)}`,
      ];
    case "off": {
      // Without a reason it is what the operator asked for.
      const isTold = isNews && reason !== undefined;
      return [
        isTold ? "info" : "debug",
        `no event stream${why(reason)}; looking for messages instead${again(inMs)}`,
      ];
    }
  }
}

/** A failed call names itself first. */
function why(reason: string | undefined): string {
  return reason === undefined ? "" : ` (${reason.replace(/^the event stream: /, "")})`;
}

function again(inMs: number | undefined): string {
  return inMs === undefined ? "" : `, and trying it again in ${ms(inMs)}`;
}
