import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readMessage } from "../../../src/a2a/message.ts";
import {
  buildReply,
  fitNotice,
  MAX_BODY_BYTES,
  regenerate,
  REPLY_MARK,
  replyMark,
  type ReplyMark,
} from "../../../src/a2a/reply.ts";
import { isUuid } from "../../../src/shared/ids.ts";
import { storable } from "../../../src/shared/text.ts";

const ANSWERED = { activityId: "act-1", messageId: "m-1", contextId: "c-1", taskId: "t-1" };
const BARE = { activityId: "act-1", messageId: undefined, contextId: undefined, taskId: undefined };

const bytes = (body: unknown) => Buffer.byteLength(JSON.stringify(body));
const idOf = (...args: Parameters<typeof buildReply>) => buildReply(...args).id;

describe("an answer", () => {
  test("is a message of an agent that says what it answers and keeps its task and context", () => {
    const reply = buildReply(ANSWERED, "the text", "answer");
    expect(reply).toEqual({
      jsonrpc: "2.0",
      id: reply.params.message.messageId,
      method: "message/send",
      params: {
        message: {
          kind: "message",
          role: "agent",
          messageId: expect.any(String),
          parts: [{ kind: "text", type: "text", text: "the text" }],
          contextId: "c-1",
          taskId: "t-1",
          metadata: { [REPLY_MARK]: { to: "m-1", activity_id: "act-1" } },
        },
      },
    });
  });

  test("to a message without ids invents none", () => {
    const { message } = buildReply(BARE, "a", "answer").params;
    expect(Object.keys(message)).not.toContain("contextId");
    expect(Object.keys(message)).not.toContain("taskId");
    expect(message.metadata).toEqual({ [REPLY_MARK]: { to: null, activity_id: "act-1" } });
  });

  test("is read by another bridge as what it is", () => {
    const content = readMessage(JSON.parse(JSON.stringify(buildReply(ANSWERED, "a\nb", "answer"))));
    expect(content).toMatchObject({ text: "a\nb", contextId: "c-1", taskId: "t-1", role: "agent" });
    expect(replyMark(content.metadata)).toEqual({ to: "m-1", failed: false, pending: false });
    const failure = readMessage(buildReply(ANSWERED, "no", "failure"));
    expect(replyMark(failure.metadata)).toEqual({ to: "m-1", failed: true, pending: false });
    const trouble = readMessage(buildReply(ANSWERED, "wait", "trouble"));
    expect(replyMark(trouble.metadata)).toEqual({ to: "m-1", failed: false, pending: true });
  });

  test("and a notice hold nothing that a database of text can't", () => {
    const said = buildReply(ANSWERED, "a\0b\ud800c😀", "answer").params.message.parts[0]?.text;
    expect(said).toBe("a\ufffdb\ufffdc😀");
    expect(fitNotice("a\0b\udc00")).toBe("a\ufffdb\ufffd");
  });

  test("has the same id each time it is posted, whatever it says", () => {
    expect(isUuid(idOf(ANSWERED, "a", "answer"))).toBe(true);
    expect(idOf(ANSWERED, "b", "answer")).toBe(idOf(ANSWERED, "a", "answer"));
    expect(idOf(BARE, "a", "answer")).toBe(idOf(ANSWERED, "a", "answer"));
    expect(idOf(ANSWERED, "a", "answer", 0)).toBe(idOf(ANSWERED, "a", "answer"));
  });

  test("has another id for another row, kind or generation", () => {
    const other = { ...ANSWERED, activityId: "act-2" };
    const ids = [
      idOf(ANSWERED, "a", "answer"),
      idOf(ANSWERED, "a", "failure"),
      idOf(ANSWERED, "a", "trouble"),
      idOf(ANSWERED, "a", "answer", 1),
      idOf(ANSWERED, "a", "answer", 2),
      idOf(other, "a", "answer"),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("that is posted anew is the same but for its ids, which are those of its generation", () => {
    const kept = JSON.parse(JSON.stringify(buildReply(ANSWERED, "a", "answer")));
    const anew = regenerate(kept, ANSWERED.activityId, "answer", 1);
    expect(anew).toEqual(buildReply(ANSWERED, "a", "answer", 1));
    expect(anew.params.message.messageId).not.toBe(kept.params.message.messageId);
  });
});

describe("the mark", () => {
  test.each<[string, { [key: string]: unknown } | undefined, unknown]>([
    ["with an id", { [REPLY_MARK]: { to: "m" } }, { to: "m", failed: false, pending: false }],
    [
      "without an id",
      { [REPLY_MARK]: { to: null } },
      { to: undefined, failed: false, pending: false },
    ],
    [
      "of an unknown form",
      { [REPLY_MARK]: "yes" },
      { to: undefined, failed: false, pending: false },
    ],
    ["of null", { [REPLY_MARK]: null }, { to: undefined, failed: false, pending: false }],
    ["that is missing", { other: 1 }, undefined],
    ["without metadata", undefined, undefined],
  ])("%s is read", (_, metadata, mark) => {
    expect(replyMark(metadata)).toEqual(mark as ReplyMark | undefined);
  });
});

describe("the platform's limit", () => {
  const million = 1_000_000;
  const oversized: [string, string][] = [
    ["plain text", "a".repeat(2 * million)],
    ["quotes", '"'.repeat(million)],
    ["escapes of six bytes", "\u0001".repeat(million)],
    ["just too many escapes of six bytes", "\u0001".repeat(170_000)],
    ["NUL bytes", "\0".repeat(million)],
    ["characters of four bytes", "😀".repeat(million)],
    ["characters of three bytes", "漢".repeat(million)],
    ["halves of characters", "\ud800".repeat(million)],
    ["one of each", 'a"\0\u0001😀漢\ud800'.repeat(million / 4)],
  ];

  test.each(oversized)("is kept by an answer of %s, which says that it was cut", (_, text) => {
    const reply = buildReply(ANSWERED, text, "answer");
    const said = reply.params.message.parts[0]?.text ?? "";
    expect(bytes(reply)).toBeLessThanOrEqual(MAX_BODY_BYTES);
    const note = /\n\n\[cut: this answer has (\d+) bytes, more than the platform takes\]$/;
    expect(Number(note.exec(said.slice(-100))?.[1])).toBe(Buffer.byteLength(storable(text)));
    // No more is cut than the search for the right length is coarse.
    expect(bytes(reply)).toBeGreaterThan(MAX_BODY_BYTES * 0.75);
  });

  test.each(oversized)("is kept by a notice of %s, which says that it was cut", (_, text) => {
    const message = fitNotice(text);
    expect(bytes({ message })).toBeLessThanOrEqual(MAX_BODY_BYTES);
    expect(message.slice(-100)).toContain("[cut: this answer has");
  });

  test("leaves a text that just fits as it is, and cuts one that just does not", () => {
    const room = MAX_BODY_BYTES - bytes(buildReply(ANSWERED, "", "answer"));
    const said = (length: number) =>
      buildReply(ANSWERED, "a".repeat(length), "answer").params.message.parts[0]?.text ?? "";
    expect(said(room)).toHaveLength(room);
    expect(said(room + 1).slice(-100)).toContain("[cut:");
    const noticed = MAX_BODY_BYTES - bytes({ message: "" });
    expect(fitNotice("a".repeat(noticed))).toHaveLength(noticed);
    expect(fitNotice("a".repeat(noticed + 1)).slice(-100)).toContain("[cut:");
  });

  test("is kept whatever the text is made of, and cuts it between characters", () => {
    const unit = fc.oneof(
      fc.constantFrom("\0", "\u0001", "😀", '"', "ä", "\u2028"),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: 600_000 }), (piece, times) => {
        fc.pre(piece.length * times < 3_000_000);
        const text = piece.repeat(times);
        const reply = buildReply(ANSWERED, text, "answer");
        expect(bytes(reply)).toBeLessThanOrEqual(MAX_BODY_BYTES);
        const said = reply.params.message.parts[0]?.text ?? "";
        const kept = said.replace(/\n\n\[cut: [^\]]*\]$/, "");
        expect(storable(text).startsWith(kept)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
