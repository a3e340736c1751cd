import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toJsonLine } from "../../../../src/backends/json-request.ts";
import { head, RawServer } from "../../../harness/raw-server.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { outcomeAt, TestServer } from "./support.ts";
import { request, TestParts, TRACEPARENT } from "../support.ts";

const answering = (body: string, type = "application/json") =>
  new TestServer(() => new Response(body, { headers: { "content-type": type } }));

const raw = (url: string, options: string[] = []) => outcomeAt(url, { format: "raw", options });

test("the message is posted as exec's format=json writes it", async () => {
  await using server = answering("ok", "text/plain");
  await raw(server.url);
  expect(server.heard[0]?.text).toBe(toJsonLine(request()));
  expect(server.heard[0]?.headers.get("content-type")).toBe("application/json");
});

test("the trace goes along as a header, whatever the operator's own say", async () => {
  await using server = answering("ok", "text/plain");
  await raw(server.url, ["header.Traceparent=mine"]);
  expect(server.heard[0]?.headers.get("traceparent")).toBe(TRACEPARENT);
});

test("a message that can't be written is a failure, without an exception", async () => {
  const over = { envelope: { n: 1n } };
  expect(await outcomeAt("http://127.0.0.1:1/", { format: "raw", over })).toMatchObject({
    kind: "failed",
    told: "the agent could not be given the message",
  });
});

describe("an answer", () => {
  test.each(["text/plain", "text/markdown; charset=utf-8"])(
    "of type %j is its text",
    async (type) => {
      await using server = answering("# hi\n", type);
      expect(await raw(server.url)).toEqual({ kind: "answer", text: "# hi\n" });
    },
  );

  test("of no type is its text", async () => {
    using server = new RawServer((socket) => void socket.end(`${head("200 OK")}hi`));
    expect(await raw(server.url)).toEqual({ kind: "answer", text: "hi" });
  });

  test("in JSON has its text taken out", async () => {
    await using server = answering('{"text": "hi", "files": null}');
    expect(await raw(server.url)).toEqual({ kind: "answer", text: "hi" });
  });

  test("in JSON that is no answer of ours is the answer itself", async () => {
    await using server = answering('{"temperature": 21}');
    expect(await raw(server.url)).toEqual({ kind: "answer", text: '{"temperature": 21}' });
  });

  test.each(["null", '""', ' " " '])("of %s in JSON is none", async (body) => {
    await using server = answering(body);
    expect((await raw(server.url)).kind).toBe("declined");
  });

  test("that is a text in JSON is that text", async () => {
    await using server = answering('"line 1\\nline 2"');
    expect(await raw(server.url)).toEqual({ kind: "answer", text: "line 1\nline 2" });
  });

  test.each(["0", "false", '["a"]', "[]"])("of %s in JSON is as it is written", async (body) => {
    await using server = answering(body);
    expect(await raw(server.url)).toEqual({ kind: "answer", text: body });
  });

  test.each(["application/json", "text/plain", undefined])(
    "of type %p that is an error of a framework's is a failure",
    async (type) => {
      const body = '{"error":{"message":"boom at /srv/app.py"},"status":"error"}';
      const headers = type === undefined ? {} : { "content-type": type };
      using server = new RawServer((socket) => void socket.end(head("200 OK", headers) + body));
      expect(await raw(server.url)).toEqual({
        kind: "failed",
        reason: "the agent reports an error: boom at /srv/app.py",
        told: "the agent reported an error",
      });
    },
  );

  test("of a text with JSON in it, or with words around it, is as it is", async () => {
    for (const body of ['{"text":"hi"}', 'so: {"error":"boom"}']) {
      await using server = answering(body, "text/plain");
      expect(await raw(server.url)).toEqual({ kind: "answer", text: body });
    }
  });

  test.each([
    ["broken JSON", '{"text": "h', "application/json"],
    ["a wrong text", '{"text": 5}', "application/json"],
    ["a picture", "GIF89a", "image/gif"],
    ["a web page", "<html>", "text/html; charset=utf-8"],
    ["a stream of events", "data: hi\n\n", "text/event-stream"],
  ])("that is %s is a failure", async (_, body, type) => {
    await using server = answering(body, type);
    expect(await raw(server.url)).toMatchObject({
      kind: "failed",
      told: "the agent gave an answer that can't be read",
    });
  });

  test.each(["", " \n"])("of %j is none", async (body) => {
    await using server = answering(body, "text/plain");
    expect((await raw(server.url)).kind).toBe("declined");
  });

  test("204 is none", async () => {
    await using server = new TestServer(() => new Response(null, { status: 204 }));
    expect((await raw(server.url)).kind).toBe("declined");
  });

  test("in JSON may decline, report an error, or ask for time", async () => {
    const outcomes = [];
    for (const body of [
      '{"declined": "not mine"}',
      '{"declined": true}',
      '{"error": "out of paper"}',
      '{"error": "busy", "retry_after_secs": 5}',
      '{"retry_after_secs": 3}',
      '{"text": " "}',
    ]) {
      await using server = answering(body);
      outcomes.push(await raw(server.url));
    }
    expect(outcomes).toMatchObject([
      { kind: "declined", reason: "the agent chose to say nothing: not mine" },
      { kind: "declined", reason: "the agent chose to say nothing" },
      { kind: "failed", reason: "the agent reports an error: out of paper" },
      { kind: "again", retryAfterMs: 5000, overloaded: true },
      { kind: "again", retryAfterMs: 3000, overloaded: true },
      { kind: "declined" },
    ]);
  });

  test("names files of its folder, and of no other", async () => {
    using folder = tmpFolder();
    writeFileSync(join(folder.path, "a.txt"), "a");
    const files = [{ path: "a.txt" }, { path: "/etc/passwd" }, { path: "../x" }];
    await using server = answering(JSON.stringify({ text: "see", files }));
    const parts = new TestParts({});
    const over = { answerFolder: folder.path };
    const outcome = await outcomeAt(server.url, { format: "raw", over, parts });
    if (outcome.kind !== "answer") throw new Error(outcome.kind);
    expect(outcome.files?.map(({ path }) => path)).toEqual([join(folder.path, "a.txt")]);
    expect(parts.notes.join()).toContain("/etc/passwd");
  });

  test.each([
    ['{"text":""}', 200, "application/json"],
    ['{"retry_after_secs": 3}', 200, "application/json"],
    ["null", 200, "application/json"],
    ["", 200, "text/plain"],
    [null, 204, "text/plain"],
  ])("of %j with %d is one where a file was left for it", async (body, status, type) => {
    using folder = tmpFolder();
    const headers = { "content-type": type };
    await using server = new TestServer(() => new Response(body, { status, headers }));
    const ask = () => outcomeAt(server.url, { format: "raw", over: { answerFolder: folder.path } });
    expect(["declined", "again"]).toContain((await ask()).kind);
    writeFileSync(join(folder.path, "bars.svg"), "<svg/>");
    expect(await ask()).toEqual({ kind: "answer", text: "" });
  });

  test.each(["", ', "retry_after_secs": 3'])(
    "of nothing but files that may not be sent fails (%j)",
    async (more) => {
      using folder = tmpFolder();
      await using server = answering(`{"files": [{"path": "/etc/passwd"}]${more}}`);
      const over = { answerFolder: folder.path };
      expect(await outcomeAt(server.url, { format: "raw", over })).toMatchObject({
        kind: "failed",
        told: "the agent answered with files that can't be sent",
      });
    },
  );

  test("names files where none can go along", async () => {
    await using server = answering('{"text": "see", "files": [{"path": "/etc/passwd"}]}');
    const parts = new TestParts({});
    const outcome = await outcomeAt(server.url, { format: "raw", parts });
    expect(outcome).toEqual({ kind: "answer", text: "see" });
    expect(parts.notes).toEqual(["files can't go with this answer"]);
  });

  test.each(["text/plain", "application/json"])("of %s that is too long is cut", async (type) => {
    const long = "é".repeat(100);
    const body = type === "text/plain" ? long : JSON.stringify({ text: long });
    await using server = answering(body, type);
    const outcome = await raw(server.url, ["max_answer=11"]);
    const note = "[cut: the agent's answer is longer than 11 bytes]";
    expect(outcome).toEqual({ kind: "answer", text: `${"é".repeat(5)}\n\n${note}` });
  });

  test("that never ends is cut, if it is text", async () => {
    const chunk = new TextEncoder().encode("la ".repeat(10_000));
    const endless = () => new ReadableStream({ pull: (to) => to.enqueue(chunk) });
    const headers = { "content-type": "text/plain" };
    await using server = new TestServer(() => new Response(endless(), { headers }));
    const outcome = await raw(server.url, ["max_answer=100k"]);
    if (outcome.kind !== "answer") throw new Error(outcome.kind);
    expect(outcome.text).toEndWith("[cut: the agent's answer is longer than 102400 bytes]");
  });

  test("of which only the beginning is read shows no half of a secret", async () => {
    const secret = `canary-${"x".repeat(94)}`;
    const parts = new TestParts({});
    parts.secrets.add(secret);
    // Masked, all of it would fit, with the half secret at the end of what was read.
    await using server = answering(secret.repeat(3000), "text/plain");
    const options = ["max_answer=50k"];
    const outcome = await outcomeAt(server.url, { format: "raw", parts, options });
    if (outcome.kind !== "answer") throw new Error(outcome.kind);
    expect(outcome.text).toStartWith("[secret][secret]");
    expect(outcome.text).toEndWith("[cut: the agent's answer is longer than 51200 bytes]");
    expect(outcome.text).not.toContain("canary");
  });

  test("holds no secret", async () => {
    const parts = new TestParts({});
    parts.secrets.add("hunter22");
    await using server = answering("the key is hunter22", "text/plain");
    const outcome = await outcomeAt(server.url, { format: "raw", parts });
    expect(outcome).toEqual({ kind: "answer", text: "the key is [secret]" });
  });
});
