/** Rows of the feed, digested for the page. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ViewedRow } from "../../../src/dev/activity-views.ts";
import { mayStand, toPageRow } from "../../../src/page/rows.ts";
import { anything, wordy } from "../../harness/hostile.ts";

const W = "11111111-1111-4111-8111-111111111111";
const V = "22222222-2222-4222-8222-222222222222";
const F = "33333333-3333-4333-8333-333333333333";

function row(more: Partial<ViewedRow> = {}): ViewedRow {
  const made = {
    id: F,
    seq: 7,
    created_at: "2026-01-01T00:00:00.000000001Z",
    workspace_id: W,
    activity_type: "a2a_receive",
    status: "ok",
    source_id: null,
    target_id: W,
    method: "message/send",
    summary: null,
    error_detail: null,
    duration_ms: null,
    request_body: null,
    response_body: null,
    ...more,
  };
  return {
    ...made,
    request_bytes: more.request_bytes ?? Buffer.byteLength(made.request_body ?? ""),
    response_bytes: more.response_bytes ?? Buffer.byteLength(made.response_body ?? ""),
  };
}

const message = (parts: unknown[], more: object = {}) =>
  JSON.stringify({ params: { message: { role: "user", messageId: "m-1", parts, ...more } } });
const text = (words: string) => ({ kind: "text", text: words });
const file = (more: object) => ({ kind: "file", file: more });

test.each<[string, Partial<ViewedRow>, string]>([
  ["the canvas to the agent", {}, "user"],
  ["the canvas, by another method", { method: "tasks/get" }, "user"],
  ["the agent to the canvas", { method: "notify" }, "agent"],
  ["another workspace", { source_id: V }, "peer"],
  ["the agent's own note of a call", { source_id: W }, "other"],
  ["an upload", { method: "chat_upload_receive" }, "other"],
  ["a broadcast", { activity_type: "broadcast_receive", source_id: V }, "other"],
  [
    "what the agent says of its progress",
    { activity_type: "task_update", summary: "x" },
    "progress",
  ],
  ["progress without a word", { activity_type: "task_update" }, "other"],
  ["progress with an empty word", { activity_type: "task_update", summary: "" }, "other"],
  ["an error", { activity_type: "error", source_id: W, summary: "x" }, "other"],
  ["a call to others", { activity_type: "a2a_send", source_id: W }, "other"],
])("%s is of the right kind", (_, more, kind) => {
  const shown = toPageRow(row(more));
  expect(shown.kind).toBe(kind as typeof shown.kind);
  expect(mayStand(shown)).toBe(kind === "user" || kind === "peer");
});

test("a message is shown with its text, its files and its sender's id", () => {
  const parts = [
    text("hello"),
    text("there"),
    file({ name: "a.png", mimeType: "image/png", size: 3, uri: `platform-pending:${W}/${F}` }),
    file({ uri: "https://example.com/b" }),
  ];
  const shown = toPageRow(row({ source_id: V, request_body: message(parts), duration_ms: 3 }));
  expect(shown).toEqual({
    id: F,
    seq: 7,
    at: "2026-01-01T00:00:00.000000001Z",
    workspaceId: W,
    kind: "peer",
    type: "a2a_receive",
    method: "message/send",
    sourceId: V,
    targetId: W,
    status: "ok",
    summary: null,
    error: null,
    durationMs: 3,
    messageId: "m-1",
    said: {
      text: "hello\nthere",
      clipped: false,
      files: [
        { name: "a.png", mimeType: "image/png", size: 3, path: `workspaces/${W}/files/${F}` },
        { name: "unnamed", mimeType: null, size: null, path: null },
      ],
    },
    answer: null,
  });
});

test.each<[string, string | null]>([
  [`platform-pending:${W}/${F}`, `workspaces/${W}/files/${F}`],
  [`platform-pending:${W.toUpperCase()}/${F}`, `workspaces/${W}/files/${F}`],
  [`platform-pending:${W}/../../rows/${F}`, null],
  [`platform-pending:${W}/..`, null],
  [`platform-pending:../${F}`, null],
  [`platform-pending:${W}/${F}/x`, null],
  [`platform-pending:${W}/${F}?x`, null],
  [`platform-pending:${W}%2f${F}`, null],
  [`x platform-pending:${W}/${F}`, null],
  [`platform-pending:${W}/${F}\n`, null],
  ["workspace:/etc/passwd", null],
  ["javascript:alert(1)", null],
  ["", null],
])("a file at %p can be fetched at %p", (uri, path) => {
  const parts = [file({ name: "x", uri })];
  expect(toPageRow(row({ request_body: message(parts) })).said.files[0]?.path).toBe(path);
});

test("a notice is shown by its text and its files", () => {
  const plain = JSON.stringify({ result: "done" });
  expect(toPageRow(row({ method: "notify", response_body: plain })).said.text).toBe("done");
  const parts = [text("done"), file({ name: "a", uri: `platform-pending:${W}/${F}` })];
  const response_body = JSON.stringify({ result: "done", parts });
  const { said, answer } = toPageRow(row({ method: "notify", response_body }));
  expect([said.text, said.files.map(({ name }) => name)]).toEqual(["done", ["a"]]);
  expect(answer).toBeNull();
});

test.each<[string, unknown, string, number]>([
  ["a message", { result: { parts: [text("yes"), file({ name: "f" })] } }, "yes", 1],
  ["a text", { result: "yes" }, "yes", 0],
  [
    "a task",
    {
      result: {
        artifacts: [{ parts: [text("a"), file({ name: "f" })] }, { parts: [text("b")] }],
        status: { message: { parts: [file({ name: "g" })] } },
      },
    },
    "a\nb",
    2,
  ],
  ["an error", { error: { code: -32000, message: "no" } }, "no", 0],
  ["no JSON", "Bad Gateway", "Bad Gateway", 0],
  ["nothing that can be read", { result: 7 }, "", 0],
])("what an agent in push mode answered is shown: %s", (_, body, words, files) => {
  const shown = toPageRow(
    row({ request_body: message([text("hi")]), response_body: JSON.stringify(body) }),
  );
  expect(shown.said.text).toBe("hi");
  expect([shown.answer?.text, shown.answer?.files.length]).toEqual([words, files]);
});

test("data is shown as it is where there is no text", () => {
  const data = { kind: "data", data: { a: [1] } };
  expect(toPageRow(row({ request_body: message([data]) })).said.text).toBe('{"a":[1]}');
  const both = message([data, text("see")]);
  expect(toPageRow(row({ request_body: both })).said.text).toBe("see");
});

test("a text is clipped at 64 KiB, between characters, and says so", () => {
  const said = (words: string) => toPageRow(row({ request_body: message([text(words)]) })).said;
  expect(said("x".repeat(65_536))).toMatchObject({ clipped: false });
  const long = said(`x${"é".repeat(40_000)}`);
  expect(long.clipped).toBe(true);
  expect(long.text).toBe(`x${"é".repeat(32_767)}`);
  const rows = said("\ud800".repeat(3));
  expect(rows).toEqual({ text: "\ufffd\ufffd\ufffd", clipped: false, files: [] });
});

test("the words of a row are as long as a page can bear", () => {
  const word = "x".repeat(1_000_000);
  const long = "x".repeat(2_000);
  const parts = Array.from({ length: 500 }, () => file({ name: long, mimeType: long }));
  const shown = toPageRow(
    row({
      status: word,
      method: word,
      summary: word,
      error_detail: word,
      target_id: word,
      request_body: message(parts, { messageId: word }),
    }),
  );
  expect(JSON.stringify(shown).length).toBeLessThan(100_000);
  expect(shown.said.files).toHaveLength(100);
  expect(shown.said.clipped).toBe(true);
  const progress = toPageRow(row({ activity_type: "task_update", summary: word }));
  expect(JSON.stringify(progress).length).toBeLessThan(100_000);
});

test("a body that is too long to be read is one of which there is more", () => {
  const unread = { request_body: null, request_bytes: 1 };
  expect(toPageRow(row(unread)).said).toEqual({ text: "", clipped: true, files: [] });
  const answer = { response_body: null, response_bytes: 1 };
  expect(toPageRow(row(answer)).answer).toEqual({ text: "", clipped: true, files: [] });
  expect(toPageRow(row({ ...answer, method: "notify" })).said.clipped).toBe(true);
});

test.each<[string, string]>([
  ["lists in lists", `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`],
  ["a part of such", message([]).replace("[]", `[${"[".repeat(200_000)}${"]".repeat(200_000)}]`)],
  [
    "such data",
    message([]).replace(
      "[]",
      `[{"kind":"data","data":${"[".repeat(200_000)}${"]".repeat(200_000)}}]`,
    ),
  ],
  ["objects in objects", `${'{"a":'.repeat(300_000)}1${"}".repeat(300_000)}`],
  ["what is no JSON", "{"],
  ["a text that is none", '"\\'],
])("a body of %s is no text, and no failure", (_, body) => {
  for (const method of ["message/send", "notify"]) {
    const shown = toPageRow(row({ method, request_body: body, response_body: body }));
    expect(shown.said.text).toBe("");
    expect(JSON.stringify(shown).length).toBeLessThan(2_000);
  }
});

test("whatever is stored, a row is shown, and as JSON", () => {
  const body = fc.oneof(wordy, anything).map((value) => {
    try {
      return JSON.stringify(value) ?? null;
    } catch {
      return null;
    }
  });
  fc.assert(
    fc.property(
      body,
      body,
      fc.constantFrom("notify", "message/send", null),
      (sent, got, method) => {
        const shown = toPageRow(row({ method, request_body: sent, response_body: got }));
        const again = JSON.parse(JSON.stringify(shown));
        expect(typeof again.said.text).toBe("string");
        for (const { path } of again.said.files) expect(path).toBeNull();
      },
    ),
    { numRuns: 400 },
  );
});
