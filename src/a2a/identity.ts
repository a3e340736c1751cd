/** By what a message that its sender sends again is known. */
import { get, getString } from "../shared/json.ts";
import { readMessage } from "./message.ts";

/** The ids that a sender gave a message, and a digest of what it says. */
export interface Identity {
  ids: string[];
  digest: string;
}

/**
 * Reads them from a row's `request_body`. The digest covers what the sender said and to which
 * conversation, and not what may differ between two sendings (the JSON-RPC id, the canvas's history).
 */
export function identityOf(envelope: unknown): Identity {
  const params = get(envelope, "params");
  const message = get(params, "message");
  const id = (kind: string, ...keys: string[]) => {
    const found = keys.map((key) => getString(message, key) ?? getString(params, key));
    return found.flatMap((value) => (value === undefined ? [] : [`${kind}:${value}`])).slice(0, 1);
  };
  const { text, files, contextId, taskId, role } = readMessage(envelope);
  // What is read of it, and all from which more could be read.
  const raw = [message, get(envelope, "message"), params].map((place) => [
    get(place, "parts"),
    get(place, "content"),
  ]);
  const said = [text, files, contextId, taskId, role, raw];
  return {
    ids: [
      ...id("message", "messageId", "message_id"),
      ...id("key", "idempotency_key", "idempotencyKey"),
    ],
    digest: digestOf(JSON.stringify(said)),
  };
}

/** SHA-256 in hex. */
export function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
