/** What /a2a makes of the body that it is sent (contract 2.4.2). */
import { asObject, getString, type JsonObject } from "../shared/json.ts";
import { uuidV5 } from "../shared/ids.ts";
import { refuse } from "./answers.ts";
import { toObject } from "./body.ts";
import type { Revision } from "./revision.ts";

export interface Envelope {
  /** The JSON-RPC request as it is stored and forwarded. */
  body: JsonObject;
  /** Any text is taken; "" when the body has none. */
  method: string;
  /** `params.message.messageId`, where there is a message. */
  messageId: string | undefined;
}

const PARTS_HINT =
  'send params.message.parts as a list, for instance [{"kind": "text", "text": "hello"}]';

/**
 * Reads and completes a body: without `jsonrpc` it is wrapped, and all but `method` and `params`
 * dropped; a message is given the id that it lacks, and v0.2 `content` becomes parts. Revision 2
 * also adds role and contextId, and `kind` to parts with `type`. 400 when it is no JSON object, or a
 * message has nothing to say. `from` and `to` are the two ends, for the contextId that they share.
 */
export function readEnvelope(
  text: string,
  from: string | null,
  to: string,
  { completesMessages }: Pick<Revision, "completesMessages">,
): Envelope {
  const sent = toObject(text) ?? refuse(400, "invalid JSON");
  const wrapped = Object.hasOwn(sent, "jsonrpc") ? sent : wrap(sent);
  const params = asObject(wrapped["params"]);
  const message = asObject(params?.["message"]);
  const method = getString(wrapped, "method") ?? "";
  if (message === undefined) return { body: wrapped, method, messageId: undefined };
  const messageId = getString(message, "messageId") ?? crypto.randomUUID();
  const named = { ...withParts(message), messageId };
  const completed = completesMessages ? complete(named, from, to) : named;
  return { body: { ...wrapped, params: { ...params, message: completed } }, method, messageId };
}

function complete(message: JsonObject, from: string | null, to: string): JsonObject {
  const { parts } = message;
  return {
    ...message,
    ...(Array.isArray(parts) ? { parts: parts.map(withKind) } : {}),
    role: getString(message, "role") ?? "user",
    contextId: getString(message, "contextId") ?? uuidV5(`context ${from ?? "canvas"} ${to}`),
  };
}

function wrap({ method = null, params = null }: JsonObject): JsonObject {
  return { jsonrpc: "2.0", id: crypto.randomUUID(), method, params };
}

function withParts(message: JsonObject): JsonObject {
  if (Object.hasOwn(message, "parts")) return message;
  const { content, ...rest } = message;
  if (typeof content === "string") return { ...rest, parts: [{ kind: "text", text: content }] };
  if (Array.isArray(content)) return { ...rest, parts: content };
  return content === undefined
    ? refuse(400, "message has neither parts nor content", { hint: PARTS_HINT })
    : refuse(400, "message content must be a string or a list", { hint: PARTS_HINT });
}

function withKind(part: unknown): unknown {
  const kind = getString(part, "type");
  const object = asObject(part);
  return object === undefined || kind === undefined ? part : { kind, ...object };
}
