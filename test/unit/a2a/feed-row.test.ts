import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { interpret, readRow, type Reading } from "../../../src/a2a/feed-row.ts";
import { REPLY_MARK } from "../../../src/a2a/reply.ts";
import { anything, wordy } from "../../harness/hostile.ts";
import { labelled } from "../../harness/label.ts";
import { PEER, row, WORKSPACE } from "../../harness/scripted-platform.ts";

function interpreted(raw: unknown, ownId = WORKSPACE): Reading {
  const read = readRow(raw);
  if (read === undefined) throw new Error("no row");
  return interpret(read, ownId);
}

const changed = (change: { [key: string]: unknown }) => ({ ...row(1), ...change });
const saying = (message: { [key: string]: unknown }) =>
  changed({ request_body: { params: { message: { parts: [{ text: "a" }], ...message } } } });

describe("a row", () => {
  test("is known by its id, its time to the nanosecond, and the platform's own order", () => {
    const raw = changed({ created_at: "2026-01-01T00:00:00.123456789Z", seq: 7 });
    expect(readRow(raw)).toEqual({
      id: row(1).id,
      createdAt: 1_767_225_600_123_456_789n,
      seq: 7,
      raw,
    });
  });

  test("may lack a time that can be read, and an order", () => {
    const read = readRow({ id: "a", created_at: "yesterday", seq: "7" });
    expect(read).toMatchObject({ id: "a", createdAt: undefined, seq: undefined });
  });

  test.each(
    labelled<unknown>([
      null,
      undefined,
      "a row",
      42,
      [],
      [{ id: "a" }],
      {},
      { id: "" },
      { id: 7 },
      { id: "../../etc/passwd" },
      { id: "a b" },
      { id: "a".repeat(129) },
      Object.create({ id: "inherited" }),
    ]),
  )("is not %s", (_, raw) => {
    expect(readRow(raw)).toBeUndefined();
  });
});

describe("the safe rule", () => {
  test.each<[string, { [key: string]: unknown }]>([
    ["from a peer", {}],
    ["from the canvas", { source_id: null }],
    [
      "from cron",
      { source_id: null, request_body: { params: { message: { messageId: "cron-1" } } } },
    ],
    ["to stream", { method: "message/stream" }],
    ["of A2A v1.0", { method: "SendMessage" }],
    ["of A2A v1.0, to stream", { method: "SendStreamingMessage" }],
    ["with a response_body of null", { response_body: null }],
    ["without a body", { request_body: undefined }],
    ["with a body that can't be read", { request_body: 42 }],
  ])("takes a request %s", (_, change) => {
    expect(interpreted(changed(change)).kind).toBe("message");
  });

  test.each<[string, { [key: string]: unknown }, boolean]>([
    ["our own notice", { method: "notify", source_id: null, request_body: undefined }, true],
    ["our own notice, answered", { method: "notify", source_id: null, response_body: {} }, true],
    ["our own row", { source_id: WORKSPACE }, true],
    ["our own row, spelled otherwise", { source_id: WORKSPACE.toUpperCase() }, true],
    ["a delegation's result", { method: "delegate_result", source_id: WORKSPACE }, true],
    ["a self-report", { source_id: WORKSPACE, request_body: { task: "a" } }, true],
    ["an upload", { method: "chat_upload_receive", source_id: null }, true],
    ["the log of a push delivery", { response_body: { result: {} } }, true],
    ["what was answered with nothing much", { response_body: false }, true],
    ["what failed", { status: "error" }, false],
    ["what has no status", { status: undefined }, false],
    ["another type", { activity_type: "a2a_send" }, false],
    ["a broadcast", { activity_type: "broadcast_receive" }, false],
    ["no type", { activity_type: undefined }, false],
    ["a task's query", { method: "tasks/get" }, false],
    ["an initialization", { method: "initialize" }, false],
    ["a method in the wrong case", { method: "Message/Send" }, false],
    ["a method of every object", { method: "toString" }, false],
    ["no method", { method: null }, false],
    ["an empty method", { method: "" }, false],
    ["a sender that is no id", { source_id: "webhook:github" }, false],
    ["a sender that climbs", { source_id: "../.." }, false],
    ["an empty sender", { source_id: "" }, false],
    ["a sender that is no text", { source_id: 7 }, false],
    ["a row that does not say who sent it", { source_id: undefined }, false],
  ])("passes over %s", (_, change, routine) => {
    expect(interpreted(changed(change))).toEqual({
      kind: "skip",
      reason: expect.any(String),
      routine,
    });
  });

  test("says why on one line, whatever the row holds", () => {
    for (const key of ["activity_type", "status", "method"]) {
      const reading = interpreted(changed({ [key]: `a\n\u001b[31m${"b".repeat(1_000)}` }));
      const reason = reading.kind === "skip" ? reading.reason : "";
      expect(reason).toContain('"a \\u001b[31mb');
      expect(reason).not.toMatch(/[\n\u001b]/);
      expect(reason.length).toBeLessThan(120);
    }
  });

  test("holds for every row that gets through, and no row makes it throw", () => {
    const rows = fc
      .tuple(fc.constant(row(1)), fc.dictionary(fc.constantFrom(...Object.keys(row(1))), wordy))
      .map(([good, change]) => ({ ...good, response_body: undefined, ...change }));
    let messages = 0;
    fc.assert(
      fc.property(fc.oneof(rows, anything), (raw) => {
        const read = readRow(raw);
        if (read === undefined) return;
        const reading = interpret(read, WORKSPACE);
        if (reading.kind === "skip") return;
        messages += 1;
        expect(read.raw).toMatchObject({ activity_type: "a2a_receive", status: "ok" });
        expect(read.raw["source_id"]).not.toBe(WORKSPACE);
        expect(read.raw["response_body"] ?? null).toBeNull();
        expect(typeof reading.message.text).toBe("string");
      }),
      { numRuns: 2_000 },
    );
    expect(messages).toBeGreaterThan(10);
  });
});

describe("a message", () => {
  test("has all that a backend and an answer need", () => {
    const request_body = {
      params: { message: { messageId: "m", contextId: "c", task_id: "t", parts: [{ text: "a" }] } },
    };
    expect(interpreted(changed({ request_body }))).toEqual({
      kind: "message",
      message: {
        activityId: row(1).id,
        peerId: PEER,
        method: "message/send",
        text: "a",
        parts: [{ kind: "text", text: "a" }],
        files: [],
        messageId: "m",
        contextId: "c",
        taskId: "t",
        isReply: false,
        createdMs: Date.parse(row(1).created_at),
        envelope: request_body,
      },
    });
  });

  test("is as old as its row, in whole milliseconds, where that can be told", () => {
    const createdMs = (created_at: string) =>
      interpreted(changed({ created_at })) as { message: { createdMs: number } };
    expect(createdMs("2026-01-02T03:04:05.123999Z")).toMatchObject({
      message: { createdMs: Date.UTC(2026, 0, 2, 3, 4, 5, 123) },
    });
    expect(createdMs("yesterday")).toMatchObject({ message: { createdMs: undefined } });
  });

  test("of the canvas has no peer", () => {
    expect(interpreted(changed({ source_id: null }))).toMatchObject({
      message: { peerId: undefined },
    });
  });

  test("of files only reads as their list, and one of both as its text", () => {
    const file = { kind: "file", file: { name: "a.png" } };
    expect(interpreted(saying({ parts: [file] }))).toMatchObject({
      message: { text: "[file] a.png", files: [{ name: "a.png" }] },
    });
    expect(interpreted(saying({ parts: [file, { text: "look" }] }))).toMatchObject({
      message: { text: "look", files: [{ name: "a.png" }] },
    });
  });

  test.each<[string, boolean, { [key: string]: unknown }]>([
    ["a user's", false, { role: "user" }],
    ["a user's in the words of v1.0", false, { role: "ROLE_USER" }],
    ["nobody's", false, {}],
    ["one with other metadata", false, { metadata: { delegation_id: "d" } }],
    [
      "one whose metadata only inherits the mark",
      false,
      { metadata: Object.create({ [REPLY_MARK]: 1 }) },
    ],
    ["an agent's", true, { role: "agent" }],
    ["an assistant's", true, { role: "assistant" }],
    ["an agent's in the words of v1.0", true, { role: "ROLE_AGENT" }],
    ["a marked one", true, { role: "user", metadata: { [REPLY_MARK]: { to: "m" } } }],
    ["one with a bare mark", true, { role: "user", metadata: { [REPLY_MARK]: true } }],
  ])("that is %s is an answer: %p", (_, isReply, message) => {
    expect(interpreted(saying(message))).toMatchObject({ message: { isReply } });
  });
});
