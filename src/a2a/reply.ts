/** The answer to a peer: an A2A `message/send` of our own that says that it is an answer. */
import type { MessageSendRequest } from "../contract/types.ts";
import { get, getString, type JsonObject } from "../shared/json.ts";
import { uuidV5 } from "../shared/ids.ts";
import { clipBytes, storable } from "../shared/text.ts";
import { TRACEPARENT } from "./message.ts";
import { buildRequest } from "./request.ts";

/** Metadata key under which an answer names the message that it answers. */
export const REPLY_MARK = "molecule_reply";

/**
 * Bytes of a request body that every revision of the platform takes: revision 1 cuts silently at
 * 1 MiB (contract 2.4.2). A little less, for what the platform adds.
 */
export const MAX_BODY_BYTES = 1_000_000;

/** What an answer answers. */
export interface Answered {
  activityId: string;
  messageId: string | undefined;
  contextId: string | undefined;
  taskId: string | undefined;
  /** Of the run that answers it (W3C Trace Context): whoever takes the answer goes on with its trace. */
  traceparent?: string | undefined;
}

/**
 * An answer given, the short word that there is none, or the word that it must wait for the operator.
 * Each has a message id of its own.
 */
export type ReplyKind = "answer" | "failure" | "trouble";

/**
 * The request that carries `text` to the peer (contract 4.3). The message id follows from the
 * answered row, so that a repeated post is the same message to the platform. A text that does not fit the
 * platform's limit is cut, and says so.
 */
export function buildReply(
  answered: Answered,
  text: string,
  kind: ReplyKind,
  generation = 0,
): MessageSendRequest {
  const messageId = replyId(answered.activityId, kind, generation);
  const more = {
    ...(answered.contextId === undefined ? {} : { contextId: answered.contextId }),
    ...(answered.taskId === undefined ? {} : { taskId: answered.taskId }),
    metadata: {
      [REPLY_MARK]: {
        to: answered.messageId ?? null,
        activity_id: answered.activityId,
        ...(kind === "failure" ? { failed: true } : {}),
        ...(kind === "trouble" ? { pending: true } : {}),
      },
      ...(answered.traceparent === undefined ? {} : { [TRACEPARENT]: answered.traceparent }),
    },
  };
  const build = (body: string) => buildRequest(body, messageId, "agent", more);
  return fit(text, build);
}

/** The same request as a new message: for one that is posted again after it was given up. */
export function regenerate(
  request: MessageSendRequest,
  activityId: string,
  kind: ReplyKind,
  generation: number,
): MessageSendRequest {
  const messageId = replyId(activityId, kind, generation);
  const message = { ...request.params.message, messageId };
  return { ...request, id: messageId, params: { message } };
}

function replyId(activityId: string, kind: ReplyKind, generation: number): string {
  return uuidV5(`${activityId}/${kind}/${generation}`);
}

/** The same limit for a notice to the canvas. */
export function fitNotice(text: string): string {
  return fit(text, (message) => ({ message })).message;
}

/** What the mark of an answer says. */
export interface ReplyMark {
  /** The id of the message that it answers, where it names one. */
  to: string | undefined;
  /** It is the word that there is no answer. */
  failed: boolean;
  /** It is the word that the answer must wait. */
  pending: boolean;
}

/** The mark of an answer in a message's metadata. */
export function replyMark(metadata: JsonObject | undefined): ReplyMark | undefined {
  const mark = get(metadata, REPLY_MARK);
  if (mark === undefined) return undefined;
  return {
    to: getString(mark, "to"),
    failed: get(mark, "failed") === true,
    pending: get(mark, "pending") === true,
  };
}

/** Builds the body around as much of the text as fits; escapes count, so it is measured as sent. */
function fit<T>(raw: string, build: (text: string) => T): T {
  const text = storable(raw);
  const size = (body: T) => Buffer.byteLength(JSON.stringify(body));
  const whole = build(text);
  if (text.length * 6 < MAX_BODY_BYTES / 2 || size(whole) <= MAX_BODY_BYTES) return whole;
  const total = Buffer.byteLength(text);
  const note = `\n\n[cut: this answer has ${total} bytes, more than the platform takes]`;
  for (let keep = Math.min(total, MAX_BODY_BYTES); keep > 0; keep = Math.floor(keep * 0.8)) {
    const cut = build(clipBytes(text, keep) + note);
    if (size(cut) <= MAX_BODY_BYTES) return cut;
  }
  return build(note.trim());
}
