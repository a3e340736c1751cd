import { expect, test } from "bun:test";
import fc from "fast-check";
import { type FileRef, filesIn, type MessagePart } from "../../../src/a2a/message.ts";
import { conversationOf } from "../../../src/backends/conversation.ts";
import { toJsonLine } from "../../../src/backends/json-request.ts";
import { anyText, request, TRACEPARENT } from "./support.ts";

const file: FileRef = { name: "a.txt", mimeType: "text/plain", uri: "x:/1", size: 3 };

test("all of a message stands in it, under the names of the contract", () => {
  const asked = request({
    peerName: "ada",
    taskId: "task-1",
    text: "see",
    parts: [
      { kind: "text", text: "see" },
      { kind: "file", file: { ...file, path: "/tmp/files/a.txt" } },
      { kind: "data", data: { n: [1] }, mimeType: "application/json" },
    ],
    answerFolder: "/tmp/answer",
    envelope: { a: ["\n"] },
  });
  const seen = {
    name: "a.txt",
    mime_type: "text/plain",
    uri: "x:/1",
    size: 3,
    path: "/tmp/files/a.txt",
    problem: null,
  };
  expect(JSON.parse(toJsonLine(asked))).toEqual({
    workspace_id: "ws-1",
    activity_id: "act-1",
    sender: "peer",
    peer_id: "peer-1",
    peer_name: "ada",
    message_id: "msg-1",
    context_id: "ctx-1",
    conversation: conversationOf(asked),
    task_id: "task-1",
    method: "message/send",
    traceparent: TRACEPARENT,
    attempt: 1,
    interrupted: false,
    is_reply: false,
    text: "see",
    parts: [
      { kind: "text", text: "see" },
      { kind: "file", ...seen },
      { kind: "data", data: { n: [1] }, mime_type: "application/json" },
    ],
    files: [seen],
    answer_folder: "/tmp/answer",
    envelope: { a: ["\n"] },
  });
});

test("what a message lacks is null, so that every key is always there", () => {
  const bare = request({
    sender: "unknown",
    peerId: undefined,
    messageId: undefined,
    contextId: undefined,
    files: [{ name: undefined, mimeType: undefined, uri: undefined, size: undefined }],
    envelope: undefined,
  });
  expect(JSON.parse(toJsonLine(bare))).toMatchObject({
    sender: "unknown",
    peer_id: null,
    peer_name: null,
    message_id: null,
    context_id: null,
    task_id: null,
    files: [{ name: null, mime_type: null, uri: null, size: null, path: null, problem: null }],
    answer_folder: null,
    envelope: null,
  });
});

test("each file among the parts is the one that stands there, also where the list of files has fewer", () => {
  const parts: MessagePart[] = ["a", "b"].map((name) => ({
    kind: "file",
    file: { ...file, name, path: `/tmp/${name}` },
  }));
  const shown = JSON.parse(toJsonLine(request({ parts, files: filesIn(parts.slice(1)) }))) as {
    parts: { name: string; path: string }[];
  };
  expect(shown.parts.map(({ name, path }) => [name, path])).toEqual([
    ["a", "/tmp/a"],
    ["b", "/tmp/b"],
  ]);
});

test("the bytes that a message holds are not written a second time", () => {
  const files = [{ ...file, bytes: "QUJD" }];
  const line = toJsonLine(request({ files, parts: [{ kind: "file", file: files[0] as FileRef }] }));
  expect(line).not.toContain("QUJD");
});

test("it is one line, whatever the message holds", () => {
  fc.assert(
    fc.property(anyText(), anyText(), (text, peerName) => {
      const line = toJsonLine(request({ text, peerName, parts: [{ kind: "text", text }] }));
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(JSON.parse(line)).toMatchObject({ text, peer_name: peerName });
    }),
  );
});
