/** A message of our own to an agent, and what its answer may look like. */
import type { FilePart, MessageSendRequest } from "../contract/types.ts";
import { get, getArray, getString } from "../shared/json.ts";
import { storable } from "../shared/text.ts";
import { readMessage } from "./message.ts";

type Message = MessageSendRequest["params"]["message"];

/**
 * An A2A v0.3 `message/send` (contract 4.3). The part carries both `kind` and `type`, since strict
 * readers know only one of them (T27).
 */
export function buildRequest(
  text: string,
  messageId: string,
  role: Message["role"] = "user",
  more: Pick<Message, "contextId" | "taskId" | "metadata"> = {},
  files: readonly FilePart["file"][] = [],
): MessageSendRequest {
  const parts: Message["parts"] = [
    { kind: "text", type: "text", text: storable(text) },
    ...files.map((file) => ({ kind: "file", type: "file", file }) as const),
  ];
  const message: Message = { kind: "message", role, messageId, parts, ...more };
  return { jsonrpc: "2.0", id: messageId, method: "message/send", params: { message } };
}

/**
 * The text of a synchronous answer (contract 4.5): a message, a task with artifacts or a status
 * message, or a plain text, under `result` or bare. Undefined where there is none.
 */
export function readAnswer(body: unknown): string | undefined {
  const result = get(body, "result");
  if (typeof result === "string") return result;
  const artifacts = (getArray(result, "artifacts") ?? []).map(textOf).filter((text) => text !== "");
  const found = [
    textOf(result),
    artifacts.join("\n"),
    textOf(get(get(result, "status"), "message")),
  ];
  return found.find((text) => text !== "") ?? getString(result, "text");
}

/** The text of what the agent told the canvas user, from the echo row of a notice (contract 2.3). */
export function readNotice(responseBody: unknown): string {
  const text = textOf(responseBody);
  return text === "" ? (readAnswer(responseBody) ?? "") : text;
}

function textOf(withParts: unknown): string {
  return readMessage({ params: { message: withParts } }).text;
}
