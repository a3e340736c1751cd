import { expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../src/dev/answers.ts";
import { readEnvelope } from "../../../src/dev/envelope.ts";
import { REVISIONS } from "../../../src/dev/revision.ts";

const { r1, r2 } = REVISIONS;

const read = (body: unknown) => readEnvelope(JSON.stringify(body), "from", "to", r2);
const message = (message: unknown, more: object = {}) =>
  read({ jsonrpc: "2.0", id: 1, method: "message/send", params: { message, ...more } });
const messageOf = (envelope: { body: any }) => envelope.body.params.message;
const anyId = expect.stringMatching(/^[0-9a-f-]{36}$/);

test("a body without jsonrpc is wrapped, and all but method and params dropped", () => {
  expect(read({ method: "tasks/get", params: { id: "t" }, extra: 1 })).toEqual({
    body: { jsonrpc: "2.0", id: anyId, method: "tasks/get", params: { id: "t" } },
    method: "tasks/get",
    messageId: undefined,
  });
  for (const bare of [{ parts: [] }, { agent_id: "a", message: "hi" }, {}]) {
    expect(read(bare)).toEqual({
      body: { jsonrpc: "2.0", id: anyId, method: null, params: null },
      method: "",
      messageId: undefined,
    });
  }
});

test("what a message lacks is added, what it has is kept", () => {
  const bare = messageOf(message({ parts: [{ type: "text", text: "hi", x: 1 }] }));
  expect(bare).toEqual({
    messageId: anyId,
    role: "user",
    contextId: anyId,
    parts: [{ kind: "text", type: "text", text: "hi", x: 1 }],
  });
  const full = {
    messageId: "m",
    role: "agent",
    contextId: "c",
    taskId: "t",
    metadata: { a: 1 },
    parts: [{ kind: "data", type: "x", data: {} }, { text: "bare" }, "odd"],
  };
  const envelope = message(full, { metadata: { b: 2 } });
  expect(messageOf(envelope)).toEqual(full);
  expect((envelope.body["params"] as any).metadata).toEqual({ b: 2 });
  expect(envelope.messageId).toBe("m");
});

test("revision 1 adds an id and nothing else (2.4.2)", () => {
  const early = (message: unknown) => {
    const text = JSON.stringify({ jsonrpc: "2.0", method: "message/send", params: { message } });
    return messageOf(readEnvelope(text, "from", "to", r1));
  };
  const parts = [{ type: "text", text: "hi" }];
  expect(early({ parts })).toEqual({ parts, messageId: anyId });
  expect(early({ content: parts })).toEqual({ parts, messageId: anyId });
  expect(early({ content: "hi" })).toEqual({
    parts: [{ kind: "text", text: "hi" }],
    messageId: anyId,
  });
});

test("the contextId given to a message is the same each time for the same two ends", () => {
  const text = JSON.stringify({ jsonrpc: "2.0", params: { message: { parts: [] } } });
  const context = (from: string | null, to: string) =>
    messageOf(readEnvelope(text, from, to, r2)).contextId;
  expect(context("a", "b")).toBe(context("a", "b"));
  expect(new Set([context("a", "b"), context("b", "a"), context(null, "b")]).size).toBe(3);
});

test.each<[unknown, unknown[]]>([
  ["hi", [{ kind: "text", text: "hi" }]],
  [[{ type: "text", text: "hi" }], [{ kind: "text", type: "text", text: "hi" }]],
])("v0.2 content %j becomes parts", (content, parts) => {
  const made = messageOf(message({ content }));
  expect(made.parts).toEqual(parts);
  expect(Object.keys(made)).not.toContain("content");
});

test.each([{}, { content: 7 }, { content: null }, { content: { text: "hi" } }])(
  "a message with %j is refused with a hint",
  (bad) => {
    try {
      message(bad);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal);
      expect(error).toMatchObject({ status: 400, body: { hint: expect.any(String) } });
    }
  },
);

test("any body is refused with a 400 or completed, and completing it again changes nothing", () => {
  const key = fc.constantFrom("kind", "type", "text", "parts", "content", "__proto__", "role");
  const tree = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.dictionary(key, tie("value")),
      fc.array(tie("value"), { maxLength: 3 }),
    ),
  })).value;
  const body = fc.oneof(
    tree,
    fc.record({ jsonrpc: fc.constant("2.0"), method: tree, params: fc.record({ message: tree }) }),
  );
  fc.assert(
    fc.property(body, fc.constantFrom(r1, r2), (body, revision) => {
      const text = JSON.stringify(body);
      let once;
      try {
        once = readEnvelope(text, null, "to", revision);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        expect(error.status).toBe(400);
        return;
      }
      expect(readEnvelope(JSON.stringify(once.body), null, "to", revision)).toEqual(once);
    }),
  );
});
