/** A pushed message as it is taken. */
import { inboundMessage, type InboundMessage } from "../a2a/feed-row.ts";
import { identityOf } from "../a2a/identity.ts";
import { uuidV5 } from "../shared/ids.ts";
import type { JsonObject } from "../shared/json.ts";

export interface Arrival {
  message: InboundMessage;
  /** Those of one lane are answered one after the other; undefined for one that waits for no other. */
  lane: string | undefined;
}

/**
 * The message in an envelope. A push has no row, so the message's own id (or its idempotency key) and
 * its content make the activity id: one that is sent again is known by it, and the same id with other
 * content is another message. One without a `contextId` is given one of its own, which goes back with
 * the answer: else all strangers without one would share one conversation.
 */
export function arrivalOf(envelope: JsonObject, method: string, workspaceId: string): Arrival {
  const { ids, digest } = identityOf(envelope);
  const [id] = ids;
  const activityId =
    id === undefined
      ? crypto.randomUUID()
      : uuidV5(JSON.stringify(["push", workspaceId, id, digest]));
  const message = inboundMessage(envelope, {
    activityId,
    peerId: undefined,
    sender: "unknown",
    method,
  });
  const contextId = message.contextId ?? uuidV5(`push context ${activityId}`);
  return { message: { ...message, contextId }, lane: message.contextId };
}
