/** The words that the lines of the log are made of. */
import type { Holder } from "../../store/store.ts";
import { count } from "../../shared/count.ts";
import { senderName, type BridgeEvent } from "../../bridge/events.ts";
import type { LogLevel } from "../../cli/log.ts";
import { formatDuration } from "../../shared/duration.ts";
import { isUuid } from "../../shared/ids.ts";

export const START = {
  cursor: "going on after",
  window: "with the messages since",
  everything: "with all messages that the platform has",
  push: "taking the messages that are pushed to",
};

/** Whole seconds are enough for a person. */
export function startPoint({ start, from }: Extract<BridgeEvent, { type: "connected" }>): string {
  return start === "everything" ? "" : ` ${short(from).replace(/\.\d+Z$/, "Z")}`;
}

/** The last line: what is done, and what the next start takes up. */
export function stopped(event: Extract<BridgeEvent, { type: "stopped" }>): string {
  const { settled, dead, waiting, replies, openReplies } = event;
  const parts = [`stopped: ${count(settled + dead, "message")} finished`];
  if (dead > 0) parts.push(`${dead} of them given up (molecule dead-letter)`);
  if (waiting > 0) parts.push(`${count(waiting, "message")} to be taken up by the next start`);
  if (replies > 0) parts.push(`${count(replies, "answer")} to be posted by the next start`);
  if (openReplies > 0) {
    parts.push(
      `${count(openReplies, "answer")} still being taken by ${openReplies === 1 ? "its peer" : "their peers"}`,
    );
  }
  return parts.join(", ");
}

export const SAID = {
  answer: "answered in",
  failure: "told that it gets no answer, after",
  trouble: "told that it must wait, after",
} as const;

/** What could not be delivered. */
export const UNDELIVERED = {
  answer: "the answer",
  failure: "the word that there is no answer",
  trouble: "the word that it must wait",
} as const;

export function edge(failures: number): LogLevel {
  return failures === 1 ? "warn" : "debug";
}

export function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}

export function ms(value: number): string {
  return formatDuration(value);
}

/** Enough of a UUID to find it in the feed. */
export function short(id: string): string {
  return isUuid(id) ? id.slice(0, 8) : id;
}

/** Who it is; a peer by what it calls itself, where that is known, and its id, which it can't choose. */
export function name(sender: string, called?: string): string {
  if (sender === senderName(undefined, "unknown")) return "an unknown sender";
  if (sender === senderName(undefined)) return "the canvas";
  return called === undefined ? short(sender) : `${called} (${short(sender)})`;
}

/** `$5`, `$2.50`, `$0.0021`: cents, and what is less than one. */
export function dollars(usd: number): string {
  if (Number.isInteger(usd)) return `$${usd}`;
  return `$${usd >= 0.01 ? usd.toFixed(2) : Number(usd.toPrecision(2))}`;
}

/** What becomes of messages while the backend can't work, and for how long. */
export function pauseText({
  kept,
  forMs,
  inMs,
}: Extract<BridgeEvent, { type: "backend-paused" }>): string {
  const fate = kept === false ? "messages are refused" : "messages are kept";
  if (forMs === 0) return fate;
  const tried = kept === false ? "it is looked at again" : "tried again";
  const when = inMs === undefined ? "every minute" : `in ${ms(inMs)}, then every minute`;
  return `${fate} and ${tried} ${when}, and the bridge ends after ${ms(forMs)} (--max-paused)`;
}

/** Why the workspace is not answered here. */
export function waitingWords(holder: Holder | undefined, shared = false): string {
  const who = holder === undefined ? undefined : `process ${holder.pid} on ${holder.host}`;
  if (shared && who === undefined) return "standing by: no process serves this workspace yet";
  if (shared) return `standing by: ${who} serves this workspace`;
  return `another bridge has this workspace${who === undefined ? "" : ` (${who})`}; waiting for its end`;
}
