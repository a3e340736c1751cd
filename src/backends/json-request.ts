/** A message as JSON, for the programs that read all of it: exec with format=json, and http. */
import type { FileRef, MessagePart } from "../a2a/message.ts";
import type { BackendRequest } from "./backend.ts";
import { conversationOf } from "./conversation.ts";

/**
 * The whole message as one line of JSON, with a newline at its end; what it lacks is null. The keys are
 * a contract with the operators' programs (README, "A program of yours"): new ones may come, none
 * changes its meaning. Throws where it can't be written.
 */
export function toJsonLine(request: BackendRequest): string {
  return `${JSON.stringify({
    workspace_id: request.workspaceId,
    activity_id: request.activityId,
    sender: request.sender,
    peer_id: request.peerId ?? null,
    peer_name: request.peerName ?? null,
    message_id: request.messageId ?? null,
    context_id: request.contextId ?? null,
    conversation: conversationOf(request),
    task_id: request.taskId ?? null,
    method: request.method,
    traceparent: request.traceparent,
    attempt: request.attempt,
    interrupted: request.interrupted,
    is_reply: request.isReply,
    text: request.text,
    parts: request.parts.map(partOf),
    files: request.files.map(fileOf),
    answer_folder: request.answerFolder ?? null,
    envelope: request.envelope ?? null,
  })}\n`;
}

function partOf(part: MessagePart): object {
  switch (part.kind) {
    case "text":
      return { kind: "text", text: part.text };
    case "data":
      return { kind: "data", data: part.data, mime_type: part.mimeType ?? null };
    case "file":
      return { kind: "file", ...fileOf(part.file) };
  }
}

function fileOf({ name, mimeType, uri, size, path, problem }: FileRef): object {
  return {
    name: name ?? null,
    mime_type: mimeType ?? null,
    uri: uri ?? null,
    size: size ?? null,
    path: path ?? null,
    problem: problem ?? null,
  };
}
