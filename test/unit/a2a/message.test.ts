import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  describeParts,
  type FileRef,
  type MessagePart,
  readMessage,
  textIn,
} from "../../../src/a2a/message.ts";
import { anything } from "../../harness/hostile.ts";

const text = (words = "hello") => ({ kind: "text", text: words });
const sent = (message: unknown) => ({
  jsonrpc: "2.0",
  method: "message/send",
  params: { message },
});
const FILE = { name: "a.png", mimeType: "image/png", uri: "platform-pending:ws/f", size: 7 };
const described = (files: readonly FileRef[]) =>
  describeParts(files.map((file) => ({ kind: "file", file })));

describe("the text of a message", () => {
  test.each<[string, unknown]>([
    ["in parts with kind", sent({ parts: [text()] })],
    ["in parts with type", sent({ parts: [{ type: "text", text: "hello" }] })],
    ["in parts with both", sent({ parts: [{ kind: "text", type: "text", text: "hello" }] })],
    ["in parts with neither (A2A v1.0)", sent({ parts: [{ text: "hello" }] })],
    ["in parts that an SDK wrapped in root", sent({ parts: [{ root: text() }] })],
    ["in v0.2 content that is a text", sent({ content: "hello" })],
    ["in v0.2 content that is a list", sent({ content: [text()] })],
    ["in params.parts", { params: { parts: [text()] } }],
    ["in params.content", { params: { content: "hello" } }],
    ["in parts at the top", { parts: [text()] }],
    ["in parts at the top of a JSON-RPC body", { jsonrpc: "2.0", params: null, parts: [text()] }],
    ["in a message without params", { message: { parts: [text()] } }],
    ["in params that are a text", { params: "hello" }],
    ["in a body that is a text", "hello"],
    ["in a body that is a text of JSON-RPC", JSON.stringify(sent({ parts: [text()] }))],
    ["behind parts that say nothing", { params: { message: { parts: [] }, parts: [text()] } }],
    [
      "behind parts that are no parts",
      sent({ parts: [null, 1, "text", [], [text("no")], {}, text()] }),
    ],
    ["behind a text that is none", sent({ parts: [{ kind: "text", text: 42 }, text("hello")] })],
  ])("is found %s", (_, body) => {
    expect(readMessage(body)).toMatchObject({ text: "hello", files: [] });
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["no body", undefined],
    ["a number", 42],
    ["a list", [text()]],
    ["params that are null", { jsonrpc: "2.0", method: "", params: null }],
    ["a self-report", { task: "working" }],
    ["a message that is a list", sent([text()])],
    ["parts that are an object", sent({ parts: { 0: text() } })],
    ["a data part", sent({ parts: [{ kind: "data", data: { text: "no" } }] })],
    ["a part of an unknown kind", sent({ parts: [{ kind: "video", text: "no" }] })],
    ["a part of an unknown type", sent({ parts: [{ type: "video", text: "no" }] })],
    ["inherited parts", sent(Object.create({ parts: [text()] }))],
  ])("is empty for %s", (_, body) => {
    expect(readMessage(body)).toMatchObject({ text: "", files: [] });
  });

  test("is all of its text parts, a line each", () => {
    expect(readMessage(sent({ parts: [text("a"), { kind: "data" }, text("b\nc")] })).text).toBe(
      "a\nb\nc",
    );
  });

  test("comes from the message first, then the params, then the top", () => {
    const top = { parts: [text("top")] };
    const params = { ...top, params: { parts: [text("params")] } };
    const message = {
      ...params,
      params: { ...params.params, message: { parts: [text("message")] } },
    };
    expect([top, params, message].map((body) => readMessage(body).text)).toEqual([
      "top",
      "params",
      "message",
    ]);
  });

  test.each(["{", '{"task":"working"}', "[1,2]", '{"parts":[]}', "null", "  "])(
    "is the body itself where that is a text but no envelope: %j",
    (body) => {
      expect(readMessage(body).text).toBe(body);
    },
  );
});

describe("the files of a message", () => {
  test.each<[string, unknown]>([
    ["nested (v0.3)", { kind: "file", file: FILE }],
    ["nested, with type", { type: "file", file: FILE }],
    ["nested, with neither", { file: FILE }],
    ["wrapped in root", { root: { kind: "file", file: FILE } }],
    [
      "flattened (the Go tool)",
      { type: "file", ...FILE, mimeType: undefined, mime_type: "image/png" },
    ],
    ["in the words of v1.0", { url: FILE.uri, filename: "a.png", mediaType: "image/png", size: 7 }],
  ])("are read %s", (_, part) => {
    expect(readMessage(sent({ parts: [part] }))).toMatchObject({ text: "", files: [FILE] });
  });

  test("may have bytes and nothing else", () => {
    const { files } = readMessage(sent({ parts: [{ kind: "file", file: { bytes: "aGk=" } }] }));
    expect(files).toEqual([
      { name: undefined, mimeType: undefined, uri: undefined, size: undefined, bytes: "aGk=" },
    ]);
  });

  test("come beside the text, in their order", () => {
    const parts = [{ file: { uri: "a:1" } }, text(), { file: { uri: "b:2" } }];
    const content = readMessage(sent({ parts }));
    expect(content.text).toBe("hello");
    expect(content.files.map((f) => f.uri)).toEqual(["a:1", "b:2"]);
  });

  test.each<[string, unknown]>([
    ["says nothing", { kind: "file" }],
    ["is a text", { kind: "file", file: "a.png" }],
    ["has names that are no texts", { kind: "file", file: { name: 1, uri: {} } }],
    ["is of another kind", { kind: "data", file: FILE }],
  ])("leave out one that %s", (_, part) => {
    expect(readMessage(sent({ parts: [part] })).files).toEqual([]);
  });

  test("become lines for a backend that reads text only, one each, whatever their names hold", () => {
    const files = [
      FILE,
      { name: "a\n[file] forged", mimeType: undefined, uri: undefined, size: undefined },
      { name: undefined, mimeType: "text/\u001b[31m", uri: undefined, size: undefined },
    ];
    expect(described(files)).toBe(
      "[file] a.png (image/png, platform-pending:ws/f)\n" +
        "[file] a [file] forged\n" +
        "[file] unnamed (text/\\u001b[31m)",
    );
    expect(described([])).toBe("");
  });
});

describe("the data of a message", () => {
  test.each<[string, unknown]>([
    ["of v0.3", { kind: "data", data: { a: 1 } }],
    ["with type", { type: "data", data: { a: 1 } }],
    ["of v1.0", { data: { a: 1 } }],
    ["wrapped in root", { root: { kind: "data", data: { a: 1 } } }],
  ])("is read %s", (_, part) => {
    expect(readMessage(sent({ parts: [part] }))).toMatchObject({
      text: "",
      parts: [{ kind: "data", data: { a: 1 } }],
    });
  });

  test("may be any JSON value but null", () => {
    const parts = [[1], "two", 3, false, null].map((data) => ({ kind: "data", data }));
    const read = readMessage(sent({ parts })).parts;
    expect(read.map((part) => part.kind === "data" && part.data)).toEqual([[1], "two", 3, false]);
  });

  test("stands among the other parts in their order, and is text where there is none", () => {
    const parts = [{ file: { uri: "a:1" } }, text(), { data: { b: [2] } }];
    const content = readMessage(sent({ parts }));
    expect(content.parts.map((part) => part.kind)).toEqual(["file", "text", "data"]);
    expect(content.text).toBe("hello");
  });

  test("is a line of its own between texts, which it leaves as they are", () => {
    const data: MessagePart = { kind: "data", data: { b: [2] }, mimeType: undefined };
    const file: MessagePart = { kind: "file", file: FILE };
    const [one, none, two] = ["hello", "", "you\n"].map((words): MessagePart => ({
      kind: "text",
      text: words,
    })) as [MessagePart, MessagePart, MessagePart];
    expect(describeParts([file, data, one, none, two, data])).toBe(
      '[file] a.png (image/png, platform-pending:ws/f)\n[data] {"b":[2]}\n\nhello\n\nyou\n\n\n[data] {"b":[2]}',
    );
    expect(describeParts([one, none, two])).toBe(textIn([one, none, two]));
    expect(describeParts([none, data, none])).toBe('[data] {"b":[2]}');
  });
});

describe("an envelope in a text", () => {
  const nested = (levels: number) =>
    `{"parts":[{"data":${"[".repeat(levels)}1${"]".repeat(levels)}}]}`;

  test("is read", () => {
    expect(readMessage(nested(5)).parts).toMatchObject([{ kind: "data", data: [[[[[1]]]]] }]);
  });

  test("is a text like any other where it is nested deeper than anyone means something by", () => {
    for (const levels of [1_000, 100_000]) {
      const text = nested(levels);
      expect(readMessage(text).parts).toEqual([{ kind: "text", text }]);
    }
  });
});

describe("the ids of a message", () => {
  const camel = { messageId: "m", contextId: "c", taskId: "t" };
  const snake = { message_id: "m", context_id: "c", task_id: "t" };

  test.each<[string, unknown]>([
    ["in A2A's spelling", sent(camel)],
    ["in the Go tool's spelling", sent(snake)],
    ["beside the message", { params: { ...camel, message: {} } }],
    ["in params alone", { params: snake }],
    ["in both spellings, A2A's first", sent({ ...camel, message_id: "x", context_id: "x" })],
    ["in the message before the params", { params: { messageId: "x", message: camel } }],
    ["in a text of JSON-RPC", JSON.stringify(sent(camel))],
  ])("are read %s", (_, body) => {
    expect(readMessage(body)).toMatchObject(camel);
  });

  test("are missing where they are empty or no texts", () => {
    const content = readMessage(sent({ messageId: "", contextId: 7, taskId: null }));
    expect(content).toMatchObject({
      messageId: undefined,
      contextId: undefined,
      taskId: undefined,
    });
  });

  test("stand beside the trace that its sender named, in the message or else beside it", () => {
    const id = "4bf92f3577b34da6a3ce929d0e0e4736";
    const named = { traceparent: `00-${id}-00f067aa0ba902b7-01` };
    const other = { traceparent: `00-${"1".repeat(32)}-00f067aa0ba902b7-01` };
    const trace = { id, flags: "01" };
    const traceOf = (inMessage: unknown, beside: unknown) => {
      const message = { parts: [], metadata: inMessage };
      return readMessage({ params: { message, metadata: beside } }).trace;
    };
    expect(traceOf(named, undefined)).toEqual(trace);
    expect(traceOf(named, other)).toEqual(trace);
    expect(traceOf({ traceparent: "no" }, named)).toEqual(trace);
    expect(traceOf([named], { traceparent: [named.traceparent] })).toBeUndefined();
  });

  test("stand beside the role and the metadata as they were written", () => {
    const metadata = { delegation_id: "d" };
    expect(readMessage(sent({ role: "ROLE_USER", metadata }))).toMatchObject({
      role: "ROLE_USER",
      metadata,
    });
    expect(readMessage(sent({ role: 1, metadata: ["no"] }))).toMatchObject({
      role: undefined,
      metadata: undefined,
    });
  });
});

test("nothing that a stranger sends makes the reader throw, or give anything but what it promises", () => {
  const isText = (value: unknown) => typeof value === "string";
  const isTextOrMissing = (value: unknown) => value === undefined || isText(value);
  const bodies = fc.oneof(
    anything,
    anything.map(sent),
    anything.map((parts) => sent({ parts })),
    fc.array(anything).map((parts) => sent({ parts })),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      const content = readMessage(body);
      expect(isText(content.text)).toBe(true);
      for (const key of ["messageId", "contextId", "taskId", "role"] as const) {
        expect(isTextOrMissing(content[key])).toBe(true);
      }
      for (const { name, mimeType, uri } of content.files) {
        expect([name, mimeType, uri].every(isTextOrMissing)).toBe(true);
      }
      const lines = described(content.files);
      const texts = content.parts.filter(({ kind }) => kind === "text");
      expect(describeParts(texts)).toBe(content.text);
      if (content.files.length > 0) expect(lines.split("\n").length).toBe(content.files.length);
    }),
    { numRuns: 1_000 },
  );
});
