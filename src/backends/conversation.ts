/** What makes messages one conversation, to a backend that remembers (design, section 2). */
import { uuidV5 } from "../shared/ids.ts";
import type { BackendRequest } from "./backend.ts";

/**
 * The key of the message's conversation, a UUID: of the workspace, who speaks, and the `contextId` that
 * he gave. A `contextId` never crosses senders, so nobody reaches the memory of another's by naming it.
 * Where neither sender nor context is known (push mode), each message is a conversation of its own: one
 * for all of them would show strangers what others said.
 */
export function conversationOf({
  workspaceId,
  activityId,
  sender,
  peerId = "",
  contextId = "",
}: Pick<BackendRequest, "workspaceId" | "activityId" | "sender" | "peerId" | "contextId">): string {
  const alone = sender === "unknown" && contextId === "" ? [activityId] : [];
  return uuidV5(JSON.stringify(["conversation", workspaceId, sender, peerId, contextId, ...alone]));
}
