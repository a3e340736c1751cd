import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { composeAnswer } from "../../../../src/backends/http/a2a-answer.ts";
import { saveFile } from "../../../../src/backends/http/a2a-files.ts";
import { outParts } from "../../../../src/backends/http/a2a-parts.ts";
import { readResult } from "../../../../src/backends/http/a2a-result.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { anything } from "../../../harness/hostile.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { httpBackend, OLD_MESSAGE, outcomeAt, rpc, rpcError, TestServer } from "./support.ts";
import { never, request, TestParts } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const pipes = onPosix("Windows has no named pipes of this kind").test;

describe("a result", () => {
  test("of anything at all is read or refused, and nothing thrown", () => {
    fc.assert(
      fc.property(anything, (value) => {
        readResult(value);
        readResult({ task: { id: "1", status: value, artifacts: value, history: [value] } });
        readResult({ id: "1", status: { state: "working", message: value }, artifacts: [value] });
        readResult({ message: { parts: value } });
      }),
    );
  });

  test.each([
    ["working", "working"],
    ["TASK_STATE_INPUT_REQUIRED", "input-required"],
    ["cancelled", "canceled"],
    ["TASK_STATE_CANCELED", "canceled"],
    ["Completed", "completed"],
  ])("with the state %s is %s", (state, name) => {
    expect(readResult({ id: "1", status: { state } })).toMatchObject({ kind: "task", state: name });
  });

  test("that says all in its history has it for its answer", async () => {
    const history = [
      { role: "agent", parts: [{ kind: "text", text: "the end" }] },
      { role: "user", parts: [{ kind: "text", text: "hello" }] },
    ];
    const task = { kind: "task", id: "1", status: { state: "completed" }, history };
    await using server = new TestServer((heard) => rpc(heard, task));
    expect(await outcomeAt(server.url)).toEqual({ kind: "answer", text: "the end" });
  });

  test("whose artifact and last status say the same says it once", async () => {
    const parts = [{ kind: "text", text: "42" }];
    const status = { state: "completed", message: { role: "agent", parts } };
    const task = { kind: "task", id: "1", status, artifacts: [{ parts }] };
    await using server = new TestServer((heard) => rpc(heard, task));
    expect(await outcomeAt(server.url)).toEqual({ kind: "answer", text: "42" });
  });
});

test("an answer holds no secret, also where one lies across the cut", async () => {
  const secrets = new Secrets();
  secrets.add("hunter22-hunter22");
  const text = "it is hunter22-hunter22";
  const rules = { answerFolder: undefined, secrets };
  const answer = (maxAnswer: number) =>
    composeAnswer([[{ kind: "text", text }]], { ...rules, maxAnswer });
  expect(await answer(100)).toEqual({ kind: "answer", text: "it is [secret]" });
  expect(await answer(14)).toEqual({ kind: "answer", text: "it is [secret]" });
});

describe("an answer's file", () => {
  test.each([
    ["report.pdf", "report.pdf"],
    ["../../etc/passwd", "passwd"],
    ["con .txt", "_con .txt"],
    ["a\0b.txt", "a_b.txt"],
    ["", "file"],
    [undefined, "file"],
  ])("of the name %j is kept as %j", async (name, kept) => {
    using folder = tmpFolder();
    const file = { name, mimeType: undefined, uri: undefined, size: undefined };
    const saved = await saveFile({ ...file, bytes: btoa("new") }, folder.path);
    expect(saved).toEqual({
      file: { path: join(folder.path, kept), name: kept, mimeType: undefined },
    });
    expect(readdirSync(folder.path)).toEqual([kept]);
  });

  test("overwrites nothing", async () => {
    using folder = tmpFolder();
    writeFileSync(join(folder.path, "a.txt"), "old");
    const file = { name: "a.txt", mimeType: undefined, uri: undefined, size: undefined };
    const saved = await saveFile({ ...file, bytes: btoa("new") }, folder.path);
    expect(saved).toMatchObject({ file: { path: join(folder.path, "a-2.txt"), name: "a.txt" } });
    expect(readFileSync(join(folder.path, "a.txt"), "utf8")).toBe("old");
  });

  const compose = (folder: string | undefined, bytes: string) =>
    composeAnswer(
      [
        [
          {
            kind: "file",
            file: { name: "a", mimeType: undefined, uri: undefined, size: undefined, bytes },
          },
        ],
      ],
      { maxAnswer: 1000, answerFolder: folder, secrets: new Secrets() },
    );

  test("that is larger than 25 MiB is left out, and the asker told", async () => {
    using folder = tmpFolder();
    const text = "a: left out, as it is larger than 25 MiB";
    expect(await compose(folder.path, "A".repeat(36 * 1024 * 1024))).toEqual({
      kind: "answer",
      text,
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("that has nowhere to go, or can't be written, is left out", async () => {
    expect(await compose(undefined, "aGk=")).toMatchObject({
      text: "a: left out, as files can't go with this answer",
    });
    using folder = tmpFolder();
    expect(await compose(join(folder.path, "gone"), "aGk=")).toMatchObject({
      text: "a: left out, as ENOENT",
    });
  });
});

test("a message that can't be written is a failure, without an exception", async () => {
  const over = { parts: [{ kind: "data" as const, data: { n: 1n }, mimeType: undefined }] };
  expect(await outcomeAt("http://127.0.0.1:1/", { over })).toMatchObject({
    kind: "failed",
    told: "the agent could not be given the message",
  });
});

describe("a file of a message", () => {
  const file = { name: "big.bin", mimeType: "a/b", uri: undefined, size: undefined };
  const partsOf = (files: (typeof file & { path?: string; bytes?: string })[]) =>
    outParts(request({ parts: files.map((one) => ({ kind: "file", file: one })) }));

  test("goes along up to 10 MiB, by its name beyond that or if it is gone", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "big.bin");
    writeFileSync(path, Buffer.alloc(10 * 1024 * 1024));
    expect(await partsOf([{ ...file, path }])).toMatchObject([{ kind: "file", name: "big.bin" }]);
    writeFileSync(path, Buffer.alloc(10 * 1024 * 1024 + 1));
    const named = [{ kind: "text", text: "[file] big.bin (a/b, not sent along)" }];
    expect(await partsOf([{ ...file, path }])).toEqual(named as never);
    expect(await partsOf([{ ...file, path: join(folder.path, "gone") }])).toEqual(named as never);
  });

  test("goes along only while there is room for all of them", async () => {
    const bytes = "A".repeat(12 * 1024 * 1024);
    const kinds = (
      await partsOf([
        { ...file, bytes },
        { ...file, bytes },
        { ...file, bytes },
      ])
    ).map(({ kind }) => kind);
    expect(kinds).toEqual(["file", "file", "text"]);
  });

  test("counts by its size: two of 10 MiB fill the 20 MiB, and a byte more does not fit", async () => {
    using folder = tmpFolder();
    const [large, byte] = ["large", "byte"].map((name) => join(folder.path, name));
    writeFileSync(large!, Buffer.alloc(10 * 1024 * 1024));
    writeFileSync(byte!, "x");
    const all = await partsOf([large, large, byte].map((path) => ({ ...file, path: path! })));
    expect(all.map(({ kind }) => kind)).toEqual(["file", "file", "text"]);
  });

  pipes("that is none, but a pipe, is named, and not waited for", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "pipe");
    expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
    expect(await partsOf([{ ...file, path }])).toMatchObject([{ kind: "text" }]);
  });
});

describe("a task that is followed", () => {
  const task = (state: string, more: object = {}) => ({
    kind: "task",
    id: "t-1",
    contextId: "c-1",
    status: { state, ...more },
  });
  const fast = () =>
    new TestParts(
      {},
      {
        now: () => Date.now(),
        monotonic: () => performance.now(),
        // Limits stand still; pauses pass at once.
        sleep: (ms, signal) =>
          ms < 30_000 && ms !== 2_000
            ? Promise.resolve()
            : new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
      },
    );

  /** Answers the send with a task at work, and each look with the next of these. */
  function serverOf(looks: ((heard: Parameters<typeof rpc>[0]) => Response)[]): TestServer {
    return new TestServer((heard) => {
      const { method } = JSON.parse(heard.text) as { method: string };
      if (method === "message/send") return rpc(heard, task("working"));
      return looks.shift()?.(heard) ?? rpc(heard, task("completed"));
    });
  }

  test("is followed through what passes: 503, 429, 500, a lost connection", async () => {
    const said = { message: { role: "agent", parts: [{ kind: "text", text: "made it" }] } };
    await using server = serverOf([
      () => new Response(null, { status: 503 }),
      () => new Response(null, { status: 429, headers: { "retry-after": "1" } }),
      () => new Response(null, { status: 500 }),
      (heard) => rpc(heard, task("unknown")),
      (heard) => rpc(heard, task("completed", said)),
    ]);
    const outcome = await outcomeAt(server.url, { parts: fast() });
    expect(outcome).toEqual({ kind: "answer", text: "made it" });
  });

  test.each([
    ["is forgotten by its agent", -32001, "forgotten its task"],
    ["can't be asked for", -32601, "does not show its task"],
  ])("that %s is a failure", async (_, code, reason) => {
    await using server = serverOf([(heard) => rpcError(heard, code, "no")]);
    const outcome = await outcomeAt(server.url, { parts: fast() });
    expect(outcome).toMatchObject({ kind: "failed", reason: expect.stringContaining(reason) });
  });

  test("whose agent wants a login all at once is kept until it has one", async () => {
    const parts = fast();
    await using server = serverOf([
      () => new Response(null, { status: 401 }),
      (heard) => rpc(heard, task("completed", { message: OLD_MESSAGE })),
    ]);
    const backend = httpBackend([`url=${server.url}`, "protocol=0.3"], parts);
    expect((await backend.run(request(), never)).kind).toBe("operator");
    expect(await backend.run(request(), never)).toEqual({ kind: "answer", text: "hi" });
    const sent = server.heard.filter(({ text }) => text.includes("message/send"));
    expect(sent).toHaveLength(1);
  });

  test("tells each thing that it says on its way once, without secrets", async () => {
    const words = (text: string) => ({ message: { parts: [{ kind: "text", text }] } });
    await using server = serverOf([
      (heard) => rpc(heard, task("working", words("one hunter22"))),
      (heard) => rpc(heard, task("working", words("one hunter22"))),
      (heard) => rpc(heard, task("working", words("two"))),
    ]);
    const parts = fast();
    parts.secrets.add("hunter22");
    const said: string[] = [];
    const hooks = { onChild: () => {}, onText: (text: string) => void said.push(text) };
    await httpBackend([`url=${server.url}`, "protocol=0.3"], parts).run(request(), never, hooks);
    expect(said).toEqual(["one [secret]", "two"]);
  });
});
