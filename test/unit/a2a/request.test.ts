import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readMessage } from "../../../src/a2a/message.ts";
import { buildRequest, readAnswer, readNotice } from "../../../src/a2a/request.ts";
import { anything } from "../../harness/hostile.ts";

const text = (words: string) => ({ kind: "text", text: words });
const rpc = (result: unknown) => ({ jsonrpc: "2.0", id: "1", result });

test("a request is a message of a user that any reader of the contract understands", () => {
  const request = buildRequest("hello", "m-1");
  expect(request).toEqual({
    jsonrpc: "2.0",
    id: "m-1",
    method: "message/send",
    params: {
      message: {
        kind: "message",
        role: "user",
        messageId: "m-1",
        parts: [{ kind: "text", type: "text", text: "hello" }],
      },
    },
  });
  expect(readMessage(request)).toMatchObject({ text: "hello", messageId: "m-1", role: "user" });
});

test("a request holds nothing that a database of text can't", () => {
  const [part] = buildRequest("a\0b\ud800c😀", "m-1").params.message.parts;
  expect(part?.text).toBe("a\ufffdb\ufffdc😀");
});

describe("an answer's text", () => {
  test.each<[string, unknown, string]>([
    ["a text", "hello", "hello"],
    ["a message", { kind: "message", parts: [text("hello")] }, "hello"],
    ["a message of several parts", { parts: [text("a"), text("b")] }, "a\nb"],
    ["a task's artifacts", { artifacts: [{ parts: [text("a")] }, { parts: [text("b")] }] }, "a\nb"],
    ["a task with an empty artifact", { artifacts: [{ parts: [] }, { parts: [text("a")] }] }, "a"],
    ["a task's status", { status: { state: "completed", message: { parts: [text("a")] } } }, "a"],
    ["a text under text", { text: "hello" }, "hello"],
    [
      "an artifact before the status",
      { artifacts: [{ parts: [text("a")] }], status: { message: { parts: [text("b")] } } },
      "a",
    ],
  ])("is read from a result that is %s", (_, result, words) => {
    expect(readAnswer(rpc(result))).toBe(words);
    expect(readAnswer({ status: "ok", result })).toBe(words);
  });

  test.each<[string, unknown]>([
    ["a queued envelope", { status: "queued", delivery_mode: "poll", method: "message/send" }],
    ["an error", { jsonrpc: "2.0", id: "1", error: { code: -1, message: "no" } }],
    ["an empty task", rpc({ kind: "task", status: { state: "working" } })],
    ["null", null],
    ["a list", [text("no")]],
  ])("is missing in %s", (_, body) => {
    expect(readAnswer(body)).toBeUndefined();
  });
});

describe("a notice's text", () => {
  test.each<[string, unknown, string]>([
    ["parts", { parts: [text("hello")], result: "other" }, "hello"],
    ["a result alone", { result: "hello" }, "hello"],
    ["nothing", {}, ""],
    ["null", null, ""],
  ])("is read from %s", (_, body, words) => {
    expect(readNotice(body)).toBe(words);
  });
});

test("nothing that an agent answers makes the readers throw", () => {
  fc.assert(
    fc.property(fc.oneof(anything, anything.map(rpc)), (body) => {
      expect(["string", "undefined"]).toContain(typeof readAnswer(body));
      expect(typeof readNotice(body)).toBe("string");
    }),
    { numRuns: 500 },
  );
});
