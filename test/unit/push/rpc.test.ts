/** Requests as they are read, and answers in the words of both versions. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { buildReply } from "../../../src/a2a/reply.ts";
import { BUSY, endingBody, errorBody, respond } from "../../../src/push/answers.ts";
import { readRequest } from "../../../src/push/rpc.ts";
import { saying } from "./support.ts";

const read = (body: unknown) => readRequest(JSON.stringify(body));

describe("a request", () => {
  test("of either version asks for the same, and says in which words", () => {
    const message = { parts: [{ text: "hi" }] };
    expect(
      read({ jsonrpc: "2.0", id: 1, method: "message/send", params: { message } }),
    ).toMatchObject({ kind: "message", id: 1, version: "0.3", method: "message/send" });
    expect(
      read({ jsonrpc: "2.0", id: "x", method: "SendMessage", params: { message } }),
    ).toMatchObject({ kind: "message", id: "x", version: "1.0", method: "SendMessage" });
  });

  test.each([
    ["", -32700],
    ["{", -32700],
    ["<html>", -32700],
    ["42", -32700],
    ["[]", -32600],
    ['[{"jsonrpc":"2.0","id":1,"method":"message/send"}]', -32600],
    ["{}", -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"message/send"}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"message/send"}', -32600],
    ['{"jsonrpc":"2.0","id":1}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"message/send"}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"message/send","params":null}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":"hi"}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"nothing/known"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"__proto__"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"message/stream"}', -32004],
    ['{"jsonrpc":"2.0","id":1,"method":"SendStreamingMessage"}', -32004],
    ['{"jsonrpc":"2.0","id":1,"method":"tasks/get"}', -32001],
    ['{"jsonrpc":"2.0","id":1,"method":"CancelTask"}', -32001],
    ['{"jsonrpc":"2.0","id":1,"method":"tasks/pushNotificationConfig/set"}', -32003],
  ])("%s is answered with %d", (body, code) => {
    expect(readRequest(body)).toMatchObject({ kind: "error", code });
  });

  test("repeats its id in an error where it has one that may be", () => {
    expect(read({ jsonrpc: "2.0", id: 5, method: "none" })).toMatchObject({ id: 5 });
    expect(read({ jsonrpc: "2.0", id: null, method: "none" })).toMatchObject({ id: null });
    expect(read({ jsonrpc: "2.0", id: ["x"], method: "none" })).toMatchObject({ id: null });
    expect(read({ jsonrpc: "2.0", method: "none" })).toMatchObject({ id: null });
  });

  test("with an id of a thousand characters and more, or nested without end, is refused", () => {
    const keys = ["messageId", "message_id", "contextId", "context_id", "taskId", "task_id"];
    for (const key of [...keys, "idempotency_key", "idempotencyKey"]) {
      for (const [length, kind] of [[1_000, "message"] as const, [1_001, "error"] as const]) {
        const id = { [key]: "x".repeat(length) };
        expect(read(saying("hi", id))).toMatchObject({ kind });
        // They are looked for beside the message, too.
        const { params, ...rest } = saying("hi", { messageId: undefined });
        expect(read({ ...rest, params: { ...params, ...id } })).toMatchObject({ kind });
      }
    }
    expect(read({ ...saying("hi"), id: "x".repeat(1_001) })).toMatchObject({ code: -32600 });
    const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
    const body = JSON.stringify(saying("hi", { metadata: "here" })).replace('"here"', deep);
    expect(readRequest(body)).toMatchObject({ kind: "error", code: -32600 });
  });

  test("of any JSON, and of any text, is read without a throw", () => {
    fc.assert(fc.property(fc.json(), (body) => void readRequest(body)));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (body) => void readRequest(body)));
    const hostile = fc.record({
      jsonrpc: fc.constant("2.0"),
      id: fc.jsonValue(),
      method: fc.constantFrom("message/send", "SendMessage"),
      params: fc.record({ message: fc.dictionary(fc.string(), fc.jsonValue()) }),
    });
    fc.assert(fc.property(hostile, (body) => void read(body)));
  });
});

describe("an answer", () => {
  const answered = { activityId: "a", messageId: "m", contextId: "c", taskId: undefined };
  const { message } = buildReply(answered, "hello", "answer").params;
  const ending = { kind: "answer", message } as const;

  test("of v0.3 is the message itself", () => {
    expect(endingBody({ id: 1, version: "0.3" }, ending)).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: message,
    });
    expect(message.kind).toBe("message");
  });

  test("of v1.0 wraps it, without kinds, with roles in capitals", () => {
    expect(endingBody({ id: 1, version: "1.0" }, ending)).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: {
        message: {
          messageId: message.messageId,
          contextId: "c",
          role: "ROLE_AGENT",
          parts: [{ text: "hello", mediaType: "text/plain" }],
          metadata: message.metadata,
        },
      },
    });
  });

  test("an error has status 200, a refusal one of its own with the time to come again", async () => {
    const asked = { id: 1, version: "0.3" } as const;
    const failed = respond(asked, { kind: "failed", told: "sorry" });
    expect(failed.status).toBe(200);
    expect(await failed.json()).toEqual(errorBody(asked, -32603, "sorry"));
    const busy = respond(asked, BUSY);
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "30"]);
    expect(await busy.json()).toEqual({ error: "the agent is busy", busy: true, retry_after: 30 });
  });
});
