/** The official A2A client for JavaScript as the caller, in both versions of the protocol. */
import { expect, test } from "bun:test";
import { AgentCard, Role, SendMessageRequest } from "@a2a-js/sdk";
import { JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import { backendOf } from "../../harness/bridge.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { SECRET, TestPush, withSecret } from "./support.ts";

/** With the platform's own secret, as it calls us. */
const fetchImpl = ((url: string, init?: RequestInit) => {
  const headers = new Headers(init?.headers);
  headers.set("authorization", `Bearer ${SECRET}`);
  return fetch(url, { ...init, headers });
}) as typeof fetch;

/** A client for the address; the card says which version it speaks. */
function clientOf(url: string, protocolVersion: string) {
  const supportedInterfaces = [{ url, protocolVersion, protocolBinding: "JSONRPC" }];
  const factory = new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } });
  return factory.create(url, AgentCard.fromJSON({ supportedInterfaces }));
}

const VERSIONS = ["1.0", "0.3"];

const message = (text: string, more: object = {}) =>
  SendMessageRequest.fromJSON({
    message: { messageId: crypto.randomUUID(), role: "ROLE_USER", parts: [{ text }], ...more },
  });

test.each(VERSIONS)("of v%s sends a message and reads its answer", async (version) => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend });
  const client = await clientOf(bridge.url, version);
  const sent = message("hello", {
    contextId: "c1",
    parts: [{ text: "hello" }, { data: { a: 1 } }],
  });
  const answer: any = await client.sendMessage(sent);
  expect(answer).toMatchObject({
    contextId: "c1",
    role: Role.ROLE_AGENT,
    parts: [{ content: { $case: "text", value: "echo: hello" } }],
  });
  expect(answer.messageId).toBeString();
  expect(backend.requests[0]?.method).toBe(version === "1.0" ? "SendMessage" : "message/send");
  expect(backend.requests[0]?.parts).toMatchObject([
    { kind: "text", text: "hello" },
    { kind: "data", data: { a: 1 } },
  ]);
  // The same message again: the same answer.
  expect(await client.sendMessage(sent)).toEqual(answer);
  expect(backend.requests).toHaveLength(1);
});

test.each(VERSIONS)("of v%s is told of a failure, and of what is not served", async (version) => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf(() => ({ kind: "failed", reason: "no", told: "it broke" }));
  await using bridge = await TestPush.start(platform, { backend });
  const client = await clientOf(bridge.url, version);
  await expect(client.sendMessage(message("hello"))).rejects.toThrow("it broke");
  await expect(client.getTask({ id: "t", tenant: "", historyLength: undefined })).rejects.toThrow();
  const stream = client.sendMessageStream(message("hello"));
  await expect(stream.next()).rejects.toThrow();
});
