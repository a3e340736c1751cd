/** Replies as they go into the outbox, and the words in which a failure is told. */
import type { InboundMessage } from "../a2a/feed-row.ts";
import { digestOf } from "../a2a/identity.ts";
import { oneLine } from "../shared/text.ts";
import { buildReply, fitNotice, type ReplyKind } from "../a2a/reply.ts";
import type { Attachment, Head, NewReply } from "../store/store.ts";

/**
 * The reply to a message: to a peer a request, whose id follows from the message; to the canvas a
 * notice, with the files that go with it. One without a text names them: a notice must say something.
 */
export function composeReply(
  { id, generation }: Pick<Head, "id" | "generation">,
  message: InboundMessage,
  kind: ReplyKind,
  text: string,
  attachments: readonly Attachment[] = [],
): NewReply {
  const lane = message.peerId ?? "";
  const reply = { activityId: id, lane, kind, generation };
  if (lane !== "") {
    const body = JSON.stringify(buildReply(message, text, kind, generation));
    return { ...reply, body, digest: undefined };
  }
  const names = attachments.map(({ name }) => oneLine(name, 100)).join(", ");
  const notice = fitNotice(text.trim() === "" && names !== "" ? names : text);
  const files = attachments.length === 0 ? {} : { attachments };
  return { ...reply, ...files, body: notice, digest: digestOf(notice) };
}

/** There will be no answer. `told` is what an asker may read. */
export function failureText(told: string): string {
  return `I could not answer this: ${told}.`;
}

/** The answer must wait for the operator. */
export function troubleText(told: string): string {
  return `I can't answer yet: ${told}. Your message is kept, and answered as soon as I can.`;
}
