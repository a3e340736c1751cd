/** Peers of a scripted platform: their ids, and what they were sent. */
import type { ScriptedPlatform, Seen } from "./scripted-platform.ts";

export function peerId(n: number): string {
  return `22222222-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

export function textOf({ body }: Seen): string {
  return body.params.message.parts[0].text;
}

/** To whom a message was sent. */
export function targetOf({ path }: Seen): string {
  return decodeURIComponent(path.split("/")[2] ?? "");
}

/** The texts that were sent to peers, in order; of one peer, where one is given. */
export function sentTexts(platform: ScriptedPlatform, peer?: string): string[] {
  return platform
    .calls("a2a")
    .filter((call) => peer === undefined || targetOf(call) === peer)
    .map(textOf);
}

/** A change of a row: the message's own fields. */
export function saying(message: { [field: string]: unknown }, text = "hello") {
  const whole = { role: "user", parts: [{ kind: "text", text }], ...message };
  const params = { message: whole };
  return { request_body: { jsonrpc: "2.0", id: "1", method: "message/send", params } };
}
