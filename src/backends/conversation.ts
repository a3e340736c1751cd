/** What makes messages one conversation, to a backend that remembers (design, section 2). */
import { uuidV5 } from "../shared/ids.ts";
import type { BackendRequest } from "./backend.ts";

/**
 * The key of the message's conversation, a UUID: of the workspace, who speaks, and the `contextId` that
 * he gave. A `contextId` never crosses senders, so nobody reaches the memory of another's by naming it.
 */
export function conversationOf({
  workspaceId,
  sender,
  peerId = "",
  contextId = "",
}: Pick<BackendRequest, "workspaceId" | "sender" | "peerId" | "contextId">): string {
  return uuidV5(JSON.stringify(["conversation", workspaceId, sender, peerId, contextId]));
}
