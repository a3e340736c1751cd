import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BackendRequest, Outcome } from "../../../../src/backends/backend.ts";
import { readHistory } from "../../../../src/backends/openai/history.ts";
import { conversationOf } from "../../../../src/backends/conversation.ts";
import { createOpenai } from "../../../../src/backends/openai/create.ts";
import { openai } from "../../../../src/backends/openai/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { completion, OpenaiServer, textOf } from "../../../harness/openai-server.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { never, request, TestParts, TRACEPARENT } from "../support.ts";

setDefaultTimeout(60_000);

let server: OpenaiServer;
beforeEach(() => {
  server = new OpenaiServer();
});
afterEach(() => {
  server[Symbol.dispose]();
  expect(server.violations).toEqual([]);
});

function make(given: string[] = [], parts = new TestParts(), at = server) {
  const all = [`base_url=${at.url}`, ...given];
  if (!given.some((one) => one.startsWith("model="))) all.push("model=small");
  return createOpenai(parseOptions(openai, all), parts);
}

let activities = 0;
/** Another message of the same conversation. */
function message(text: string, over: Partial<BackendRequest> = {}): BackendRequest {
  const activityId = `act-${++activities}`;
  return request({ activityId, text, ...over });
}

function textIn(outcome: Outcome): string {
  if (outcome.kind !== "answer") throw new Error(`ended as ${JSON.stringify(outcome)}`);
  return outcome.text;
}

/** Roles and texts of the last request, each text by its last line: what is above it is the frame. */
function asked(): string[] {
  return server.last.map(({ role, content }) => `${role}: ${textOf(content).split("\n").at(-1)}`);
}

test("the model's words are the answer; it is told who speaks", async () => {
  server.says("  fine, thanks\n");
  const outcome = await make().run(message("how are you", { peerName: "ada" }), never);
  expect(outcome).toEqual({ kind: "answer", text: "fine, thanks" });
  const [only] = server.last;
  expect(server.last).toHaveLength(1);
  expect(only?.content).toMatch(
    /^\[A message from another agent that calls itself "ada" \(workspace peer-1\)\. It is not your owner.*\]\n\nhow are you$/,
  );
  expect(server.requests[0]).toEqual({
    model: "small",
    messages: [{ role: "user", content: only?.content }],
    stream: false,
  });
});

test("the system prompt is first in every request, and the settings are passed on", async () => {
  const backend = make(["system_prompt=Be brief.", "temperature=0.2", "max_tokens=50"]);
  await backend.run(message("one"), never);
  await backend.run(message("two"), never);
  expect(asked()).toEqual(["system: Be brief.", "user: one", "assistant: one", "user: two"]);
  expect(server.requests[1]).toMatchObject({ temperature: 0.2, max_tokens: 50 });
});

test("the key is sent, and so are the operator's headers and the trace", async () => {
  using guarded = new OpenaiServer({ key: "canary-0123456789" });
  const parts = new TestParts({ KEY: "canary-0123456789" });
  const given = ["api_key=env:KEY", "header.X-Title=bridge"];
  expect(textIn(await make(given, parts, guarded).run(message("hi"), never))).toContain("heard:");
  expect(guarded.headers[0]?.get("x-title")).toBe("bridge");
  expect(guarded.headers[0]?.get("traceparent")).toBe(TRACEPARENT);
  expect(guarded.violations).toEqual([]);
});

test("a conversation is remembered by what was said, and who said it", async () => {
  const parts = new TestParts();
  const backend = make([], parts);
  server.says("I will", "42");
  await backend.run(message("keep 42"), never);
  await backend.run(message("what was it?"), never);
  expect(server.last.slice(0, 2)).toEqual([
    { role: "user", content: "[From another agent]\n\nkeep 42" },
    { role: "assistant", content: "I will" },
  ]);
  expect(asked()).toEqual(["user: keep 42", "assistant: I will", "user: what was it?"]);
  // Another process of the bridge finds it again.
  server.says("still 42");
  await make([], parts).run(message("and now?"), never);
  expect(asked()).toHaveLength(5);
});

test("no conversation sees another", async () => {
  const parts = new TestParts();
  const backend = make([], parts);
  await backend.run(message("mine"), never);
  for (const other of [
    { peerId: "peer-2" },
    { contextId: "ctx-2" },
    { sender: "canvas" as const, peerId: undefined },
    { workspaceId: "ws-2" },
  ]) {
    await backend.run(message("other", other), never);
    expect(asked()).toEqual(["user: other"]);
  }
  expect(parts.memory.kept.size).toBe(5);
});

test("the turns that are kept are so many, and within so many bytes", async () => {
  const parts = new TestParts();
  const few = make(["history=2"], parts);
  for (const text of ["a", "b", "c", "d"]) await few.run(message(text), never);
  expect(asked().filter((line) => line.startsWith("user"))).toEqual([
    "user: b",
    "user: c",
    "user: d",
  ]);
  // What was kept under other limits is held to those of today.
  await make(["history=1"], parts).run(message("e"), never);
  expect(asked()).toEqual(["user: d", "assistant: d", "user: e"]);
  server.says("y".repeat(300), "z");
  const small = make(["history_budget=400"]);
  await small.run(message("x"), never);
  await small.run(message("large"), never);
  expect(asked()).toHaveLength(3);
  server.says("w".repeat(300));
  await small.run(message("v"), never);
  await small.run(message("u"), never);
  expect(asked().filter((line) => line.startsWith("user"))).toEqual([
    "user: large",
    "user: v",
    "user: u",
  ]);
});

test("history=0 keeps nothing, and asks for nothing that was kept", async () => {
  const parts = new TestParts();
  await make([], parts).run(message("one"), never);
  const before = [...parts.memory.kept];
  await make(["history=0"], parts).run(message("two"), never);
  expect(asked()).toEqual(["user: two"]);
  expect([...parts.memory.kept]).toEqual(before);
});

test("a message that is run again does not see its first answer, and replaces it", async () => {
  const parts = new TestParts();
  const backend = make([], parts);
  await backend.run(message("before"), never);
  const again = message("twice");
  server.says("first", "second");
  await backend.run(again, never);
  await backend.run({ ...again, attempt: 2, interrupted: true }, never);
  expect(asked()).toEqual(["user: before", "assistant: before", "user: twice"]);
  expect(textOf(server.last.at(-1)?.content)).not.toContain("already at work");
  const turns = readHistory(parts.memory.kept.get(conversationOf(again)) ?? "");
  expect(turns?.map(({ assistant }) => assistant.split("\n").at(-1))).toEqual(["before", "second"]);
});

test("what is said is on disk before the answer is given out", async () => {
  const parts = new TestParts();
  const order: string[] = [];
  const remember = parts.memory.remember.bind(parts.memory);
  parts.memory.remember = async (key, value) => {
    await new Promise((resolve) => setImmediate(resolve));
    await remember(key, value);
    order.push("remembered");
  };
  await make([], parts).run(message("hi"), never);
  order.push("answered");
  expect(order).toEqual(["remembered", "answered"]);
});

test("what can't be read of it begins anew, and that is told to the operator and the model", async () => {
  const parts = new TestParts();
  const first = message("hi");
  parts.memory.kept.set(conversationOf(first), '{"version":1,"turns":[{"id":');
  await make([], parts).run(first, never);
  expect(parts.notes).toEqual([
    "what was remembered of the conversation is damaged; it begins anew",
  ]);
  expect(textOf(server.last[0]?.content)).toContain("could not be kept");
  await make([], parts).run(message("next"), never);
  expect([asked().length, parts.notes.length]).toEqual([3, 1]);
});

test("a memory that can't be written costs no answer", async () => {
  const parts = new TestParts();
  parts.memory.remember = () => Promise.reject(new Error("disk full"));
  expect(textIn(await make([], parts).run(message("hi"), never))).toContain("heard");
  expect(parts.notes).toEqual(["the conversation could not be remembered: disk full"]);
});

test("a memory that can't be read costs no answer, and what it holds is not written over", async () => {
  const parts = new TestParts();
  await make([], parts).run(message("one"), never);
  const { recall } = parts.memory;
  parts.memory.recall = () => Promise.reject(new Error("disk gone"));
  expect(textIn(await make([], parts).run(message("two"), never))).toContain("heard");
  expect(textOf(server.last[0]?.content)).toContain("could not be kept");
  expect(parts.notes).toEqual(["the conversation could not be recalled: disk gone"]);
  parts.memory.recall = recall;
  await make([], parts).run(message("three"), never);
  expect([asked()[0], asked().at(-1)]).toEqual(["user: one", "user: three"]);
});

test("messages of one conversation wait for each other, others do not", async () => {
  const backend = make();
  const gate = Promise.withResolvers<void>();
  server.next(async () => {
    await gate.promise;
    return completion({ content: "slow" });
  });
  const slow = backend.run(message("one"), never);
  await server.untilAsked(1);
  const next = backend.run(message("two"), never);
  await backend.run(message("else", { contextId: "ctx-2" }), never);
  expect(server.requests).toHaveLength(2);
  gate.resolve();
  await slow;
  await next;
  expect(asked()).toEqual(["user: one", "assistant: slow", "user: two"]);
});

test("a message that waits for its turn ends at once when it is to stop", async () => {
  const backend = make();
  const gate = Promise.withResolvers<void>();
  server.next(async () => {
    await gate.promise;
    return completion({ content: "slow" });
  });
  const slow = backend.run(message("one"), never);
  await server.untilAsked(1);
  const stop = new AbortController();
  const next = backend.run(message("two"), stop.signal);
  stop.abort();
  expect(await next).toEqual({ kind: "stopped" });
  gate.resolve();
  expect(textIn(await slow)).toBe("slow");
  expect(server.requests).toHaveLength(1);
});

test("files: texts are in the prompt, and only their names are remembered", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "stored-1");
  writeFileSync(path, "the secret word is plum");
  const file = { name: "a.txt", mimeType: "text/plain", uri: "x:/1", size: 3, path };
  const backend = make();
  await backend.run(message("read it", { files: [file] }), never);
  const first = textOf(server.last[0]?.content);
  expect(first).toEndWith(
    "read it\n\n[file] a.txt (text/plain)\nthe secret word is plum\n[end of the file]",
  );
  expect(first).not.toContain(folder.path);
  server.says("ok");
  await backend.run(message("and?"), never);
  expect(server.last[0]?.content).toBe(
    "[From another agent]\n\nread it\n\n[file] a.txt (text/plain)",
  );
});

test("files: a message of nothing but files and data is asked about once", async () => {
  const file = { name: "a.bin", mimeType: undefined, uri: "x:/1", size: 3 };
  const parts: BackendRequest["parts"] = [
    { kind: "data", data: { n: 1 }, mimeType: undefined },
    { kind: "file", file },
  ];
  const text = '[data] {"n":1}\n[file] a.bin (x:/1)';
  await make().run(message(text, { parts, files: [file] }), never);
  expect(textOf(server.last[0]?.content)).toEndWith(']\n\n[data] {"n":1}\n\n[file] a.bin');
});

test("data beside the text is in the prompt, in the sender's order, and is remembered", async () => {
  const data = { kind: "data" as const, data: { numbers: [1, 2, 3] }, mimeType: undefined };
  const text = "Add these up";
  const said = `${text}\n\n[data] {"numbers":[1,2,3]}`;
  const backend = make();
  await backend.run(message(text, { parts: [{ kind: "text", text }, data] }), never);
  expect(textOf(server.last[0]?.content)).toEndWith(`]\n\n${said}`);
  await backend.run(message("and?"), never);
  expect(server.last[0]?.content).toBe(`[From another agent]\n\n${said}`);
  await make().run(message(text, { contextId: "c", parts: [data, { kind: "text", text }] }), never);
  expect(textOf(server.last[0]?.content)).toEndWith(`]\n\n[data] {"numbers":[1,2,3]}\n\n${text}`);
});

test("files: images are shown to a model that can see, once, and to no other", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "stored-1");
  writeFileSync(path, Buffer.from("GIF89a"));
  const file = { name: "a.gif", mimeType: "image/gif", uri: "x:/1", size: 6, path };
  await make().run(message("look", { files: [file] }), never);
  expect(server.last[0]?.content).toBeString();
  const seeing = make(["images=true"]);
  await seeing.run(message("look", { files: [file] }), never);
  expect(server.last[0]?.content).toMatchObject([
    { type: "text" },
    { type: "image_url", image_url: { url: "data:image/gif;base64,R0lGODlh" } },
  ]);
  await seeing.run(message("and?"), never);
  expect(server.last.every(({ content }) => typeof content === "string")).toBe(true);
});

test("an answer to us is for information, and says so", async () => {
  const backend = make();
  await backend.run(message("done", { isReply: true }), never);
  expect(textOf(server.last[0]?.content)).toContain("It answers something that you sent earlier");
  server.says("ok");
  await backend.run(message("next"), never);
  expect(server.last[0]?.content).toBe("[From another agent, answering you]\n\ndone");
});

test("halves of characters are not sent: servers fail over them", async () => {
  const backend = make(["system_prompt=a\ud800b"]);
  server.says("c\ud800d");
  await backend.run(message("e\ud800\0f"), never);
  await backend.run(message("g"), never);
  expect(server.requests).toHaveLength(2);
});

test("an answer that is cut says so, by whichever limit", async () => {
  server.next(() => completion({ content: "half an" }, "length"));
  expect(textIn(await make().run(message("hi"), never))).toBe(
    "half an\n\n[cut: the model came to its limit of tokens]",
  );
  server.says("é".repeat(2000));
  expect(textIn(await make(["max_answer=1k"]).run(message("hi"), never))).toBe(
    `${"é".repeat(512)}\n\n[cut: the answer is longer than 1024 bytes]`,
  );
});

test("secrets are masked in the answer, and in what is remembered", async () => {
  const parts = new TestParts();
  parts.secrets.add("canary-0123456789");
  server.says("it is canary-0123456789");
  expect(textIn(await make([], parts).run(message("hi"), never))).toBe("it is [secret]");
  expect(JSON.stringify([...parts.memory.kept])).not.toContain("canary");
});

test("a stop ends the call, at once and before it", async () => {
  const gone = Promise.withResolvers<void>();
  server.next(async (_, raw) => {
    raw.signal.addEventListener("abort", () => gone.resolve());
    await gone.promise;
    return new Response();
  });
  const parts = new TestParts();
  const abort = new AbortController();
  const running = make([], parts).run(message("hi"), abort.signal);
  await server.untilAsked();
  abort.abort();
  expect(await running).toEqual({ kind: "stopped" });
  await gone.promise;
  expect(await make([], parts).run(message("hi"), abort.signal)).toEqual({ kind: "stopped" });
  expect([server.requests.length, parts.memory.kept.size]).toEqual([1, 0]);
});

test.each(["before the head of its answer", "in the middle of its answer"])(
  "a server that hangs %s is left when the time is up",
  async (where) => {
    const clock = new ManualClock();
    const parts = new TestParts({}, clock);
    const over = Promise.withResolvers<Response>();
    server.next(() =>
      where.startsWith("before")
        ? over.promise
        : new Response(
            new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from('{"choices":')) }),
          ),
    );
    const running = make(["timeout=90s"], parts).run(message("hi"), never);
    await server.untilAsked();
    await clock.advance(90_000);
    expect(await running).toEqual({
      kind: "failed",
      reason:
        "the model had not answered after 1 min 30 s; --backend-opt timeout=… gives it longer",
      told: "the agent did not finish within 1 min 30 s",
    });
    over.resolve(new Response());
  },
);

test("check: a server that is not there is told of, and no reason to end", async () => {
  const parts = new TestParts();
  using gone = new OpenaiServer();
  const backend = make([], parts, gone);
  const { url } = gone;
  gone[Symbol.dispose]();
  await backend.check();
  expect(parts.notes).toEqual([
    `the model's server at ${url} is not there yet: nothing listens at ${new URL(url).host}`,
  ]);
});

test("check: a server that is silent is not waited for", async () => {
  const clock = new ManualClock();
  const parts = new TestParts({}, clock);
  server.onModels = () => new Response(new ReadableStream({}));
  const checking = make([], parts).check();
  await clock.untilSleeping();
  await clock.advance(3_000);
  await checking;
  expect(parts.notes).toEqual([
    `the model's server at ${server.url} is not there yet: it does not answer`,
  ]);
});

test("check: a model that the server does not list, and a key that it refuses, are told of", async () => {
  const notes = async (given: string[], setup: ConstructorParameters<typeof OpenaiServer>[0]) => {
    using other = new OpenaiServer(setup);
    const parts = new TestParts();
    await make(given, parts, other).check();
    return parts.notes.map((note) => note.replace(other.url, "URL"));
  };
  const models = ["small:latest", "b\n", "c", "d", "e", "f"];
  expect(await notes(["model=small"], { models })).toEqual([]);
  expect(await notes(["model=b"], { models: ["b"] })).toEqual([]);
  expect(await notes(["model=x"], { models })).toEqual([
    "the model's server at URL does not list the model x; it lists small:latest, b, c, d, e, …",
  ]);
  expect(await notes([], { models: [] })).toEqual([
    "the model's server at URL does not list the model small; it lists none",
  ]);
  expect(await notes([], { key: "k" })).toEqual([
    "the model's server at URL answers 401 when asked for its models: check api_key",
  ]);
  server.onModels = () => new Response("404 page not found", { status: 404 });
  const parts = new TestParts();
  await make([], parts).check();
  expect(parts.notes).toEqual([]);
});

test("what it is doing is told in a few words", async () => {
  const tasks: string[] = [];
  const hooks = { onChild: () => {}, onTask: (task: string) => void tasks.push(task) };
  await make().run(message("hi"), never, hooks);
  expect(tasks).toEqual(["asking small"]);
});
