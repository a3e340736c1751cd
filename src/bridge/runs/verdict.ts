/** What the outcome of a run means for its message. */
import type { InboundMessage } from "../../a2a/feed-row.ts";
import type { Outcome } from "../../backends/backend.ts";
import type { Attachment } from "../../store/store.ts";
import type { Patience } from "./patience.ts";

/** What is to become of the message. */
export type Verdict =
  /** `text` is for the asker; with `dead`, the reason, the message goes to the dead letters. */
  | {
      kind: "answered";
      text: string;
      failure: boolean;
      dead: string | undefined;
      attachments?: readonly Attachment[];
    }
  /** Nothing is sent; with `dead` it goes to the dead letters. */
  | { kind: "silent"; dead: string | undefined }
  /** `counted`: it was one of the runs that a message has. `told`: what its asker may read, if he must wait. */
  | {
      kind: "again";
      reason: string;
      told: string | undefined;
      retryAfterMs: number | undefined;
      counted: boolean;
    }
  | (Outcome & { kind: "operator" })
  /** `begun`: part of the work may be done. */
  | { kind: "stopped"; begun: boolean };

/** Judges a run; `last`: the message has no further run, if this one counts. */
export function judge(
  outcome: Outcome,
  message: InboundMessage,
  last: boolean,
  patience: Patience,
): Verdict {
  const { isReply, peerId } = message;
  switch (outcome.kind) {
    case "answer":
      // What the backend says to an answer is not posted (T4).
      if (isReply) return { kind: "silent", dead: undefined };
      return { kind: "answered", text: outcome.text, failure: false, dead: undefined };
    case "declined":
      // The canvas shows that we are at work until it hears from us (contract 2.5).
      if (isReply || peerId !== undefined) return { kind: "silent", dead: undefined };
      return {
        kind: "answered",
        text: "(The agent has nothing to say to this.)",
        failure: false,
        dead: undefined,
      };
    case "again": {
      const { reason, told, retryAfterMs } = outcome;
      const counted = outcome.overloaded !== true || !patience.lasts(message.activityId);
      if (counted && last) return dead(outcome, isReply);
      return { kind: "again", reason, told, retryAfterMs, counted };
    }
    case "failed":
      return dead(outcome, isReply);
    case "operator":
      return outcome;
    case "stopped":
      return { ...outcome, begun: true };
  }
}

/** There will be no answer; an answer to us is not told so. */
export function dead(
  { reason, told }: { reason: string; told: string },
  isReply: boolean,
): Verdict {
  if (isReply) return { kind: "silent", dead: reason };
  return { kind: "answered", text: told, failure: true, dead: reason };
}
