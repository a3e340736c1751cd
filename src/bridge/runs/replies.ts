/** Replies as they go into the outbox, and the words in which a failure is told. */
import type { InboundMessage } from "../../a2a/feed-row.ts";
import { digestOf } from "../../a2a/identity.ts";
import { oneLine } from "../../shared/text.ts";
import { buildReply, fitNotice, type ReplyKind } from "../../a2a/reply.ts";
import type { Attachment, Head, NewReply } from "../../store/store.ts";
import { runTrace } from "./trace.ts";

/** Said where an answer has neither text nor files: the platform takes nothing that is empty. */
const NO_TEXT = "(The agent's answer is empty.)";

/**
 * The reply to a message: to a peer a request, whose id follows from the message; to the canvas a
 * notice, with the files that go with it. One without a text names them, or says that it has none.
 */
export function composeReply(
  head: Pick<Head, "id" | "generation" | "attempts" | "crashes">,
  message: InboundMessage,
  kind: ReplyKind,
  text: string,
  attachments: readonly Attachment[] = [],
): NewReply {
  const { id, generation } = head;
  const lane = message.peerId ?? "";
  const reply = { activityId: id, lane, kind, generation };
  const isSilent = text.trim() === "";
  if (lane !== "") {
    const said = isSilent ? NO_TEXT : text;
    const { traceparent } = runTrace(message, head);
    const body = JSON.stringify(buildReply({ ...message, traceparent }, said, kind, generation));
    return { ...reply, body, digest: undefined };
  }
  const names = attachments.map(({ name }) => oneLine(name, 100)).join(", ");
  const notice = fitNotice(isSilent ? names || NO_TEXT : text);
  const files = attachments.length === 0 ? {} : { attachments };
  return { ...reply, ...files, body: notice, digest: digestOf(notice) };
}

/** How the bridge's own words to an asker begin, by which they are told from an agent's answer. */
export const OWN_WORDS = {
  failed: "I could not answer this: ",
  pending: "I can't answer yet: ",
  refused: "I don't take messages from you.",
} as const;

/** There will be no answer. `told` is what an asker may read. */
export function failureText(told: string): string {
  return `${OWN_WORDS.failed}${told}.`;
}

/** The answer must wait for the operator. */
export function troubleText(told: string): string {
  return `${OWN_WORDS.pending}${told}. Your message is kept, and answered as soon as I can.`;
}
