import { describe, expect, test } from "bun:test";
import { createHttp } from "../../../../src/backends/http/create.ts";
import { http } from "../../../../src/backends/http/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { systemClock } from "../../../../src/shared/clock.ts";
import { A2aTestAgent } from "../../../harness/a2a-agent.ts";
import { freePort } from "../../../harness/port.ts";
import { RawServer } from "../../../harness/raw-server.ts";
import { httpBackend, outcomeAt, TestServer } from "./support.ts";
import { never, request, TestParts } from "../support.ts";

const create = (options: string[], env: Record<string, string> = {}) =>
  createHttp(parseOptions(http, options), new TestParts(env));

describe("the url", () => {
  test.each(["file:///etc/hostname", "s3://bucket/x", "ftp://h/", "localhost:8080", "/x", "x y"])(
    "can't be %s",
    (url) => {
      expect(() => create([`url=${url}`])).toThrow("it must begin with http:// or https://");
    },
  );

  test("must be there", () => {
    expect(() => create([])).toThrow("needs its option url");
  });

  test("that is wrong is shown without the password and the query in it", () => {
    try {
      create(["url=htp://user:hunter22@host/path?key=abcdefgh"]);
      throw new Error("it was taken");
    } catch (error) {
      expect(String(error)).toContain("htp://[secret]@host/path");
      expect(String(error)).not.toMatch(/hunter22|abcdefgh/);
    }
  });

  test("gives its user as Basic authorization, and its password to nobody", async () => {
    const parts = new TestParts({});
    await using server = new TestServer(() => new Response("not p%ss:word1", { status: 400 }));
    const url = server.url.replace("//", "//me:p%25ss%3Aword1@");
    const outcome = await outcomeAt(`${url}/x?key=abcdefgh`, { format: "raw", parts });
    const sent = server.heard[0]?.headers.get("authorization");
    expect(sent).toBe(`Basic ${btoa("me:p%ss:word1")}`);
    expect(outcome).toMatchObject({ reason: `${server.url}/x answered 400 (not [secret])` });
    expect(parts.secrets.mask(sent ?? "")).not.toContain(btoa("me:p%ss:word1"));
  });

  test("with a user and no password holds a token, which is told to nobody", async () => {
    const parts = new TestParts({});
    await using server = new TestServer(
      ({ headers }) =>
        new Response(`no: token-0123 ${headers.get("authorization")}`, { status: 400 }),
    );
    const url = server.url.replace("//", "//token-0123@");
    const outcome = await outcomeAt(url, { format: "raw", parts });
    expect(server.heard[0]?.headers.get("authorization")).toBe(`Basic ${btoa("token-0123:")}`);
    expect(outcome).toMatchObject({
      reason: `${server.url}/ answered 400 (no: [secret] Basic [secret])`,
    });
  });

  test("with a key in its query shows it to nobody", async () => {
    await using server = new TestServer(
      ({ path }) => new Response(`${path}: abc/defgh, abc%2fdefgh`, { status: 400 }),
    );
    const outcome = await outcomeAt(`${server.url}/x?k=abc%2fdefgh`, { format: "raw" });
    expect(outcome).toMatchObject({
      reason: `${server.url}/x answered 400 (/x: [secret], [secret])`,
    });
  });

  test("with a user contradicts a header that says the same", () => {
    const options = ["url=http://me:secret1@h/", "header.authorization=Bearer x"];
    expect(() => create(options)).toThrow("two ways to log in");
  });
});

describe("a header", () => {
  const url = "url=http://127.0.0.1:1/";

  test.each(["Content-Length", "host", "Transfer-Encoding", "connection", "A2A-Version"])(
    "can't be %s",
    (name) => {
      expect(() => create([url, `header.${name}=x`])).toThrow(`sets the header ${name} itself`);
    },
  );

  test.each(["a:b", "a/b", "(a)", "a,b"])("has no name like %s", (name) => {
    expect(() => create([url, `header.${name}=x`])).toThrow("no name of a header");
  });

  test.each(["a\r\nx: y", "a\u0000b", "ä", "a\u2028b"])("has no value like %j", (value) => {
    expect(() => create([url, `header.x=${value}`])).toThrow("printable ASCII");
    expect(() => create([url, "header.x=env:V"], { V: `${value}b` })).toThrow("printable ASCII");
  });

  test("is given once, however it is spelled", () => {
    expect(() => create([url, "header.X-A=1", "header.x-a=2"])).toThrow("given twice");
  });

  test("whose variable is not set is an error", () => {
    expect(() => create([url, "header.X=env:NOT_THERE"])).toThrow("NOT_THERE, which is not set");
  });

  test("that is secret by its name is masked though it was written out", () => {
    const parts = new TestParts({});
    httpBackend([url, "header.X-Api-Key=abcdefgh", "header.X-Env=production"], parts);
    expect(parts.secrets.mask("abcdefgh production")).toBe("[secret] production");
  });
});

describe("the look at the start", () => {
  test.each(["a2a", "raw"])("tells of an agent that is not there (format=%s)", async (format) => {
    const parts = new TestParts({});
    const url = `http://127.0.0.1:${freePort()}/a`;
    await httpBackend([`url=${url}`, `format=${format}`], parts).check();
    expect(parts.notes).toEqual([
      `nothing answers at ${url} yet: messages wait until the agent is there`,
    ]);
  });

  test.each(["a2a", "raw"])("tells of an agent that is silent (format=%s)", async (format) => {
    using server = new RawServer(() => {});
    const sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 20, signal);
    const parts = new TestParts({}, { ...systemClock, sleep });
    await httpBackend([`url=${server.url}`, `format=${format}`], parts).check();
    expect(parts.notes).toEqual([
      `${server.url}/ did not answer within 2 s: is that where the agent listens?`,
    ]);
  });

  test("says nothing where somebody answers, and does nothing there", async () => {
    const parts = new TestParts({});
    await using server = new TestServer(() => new Response("what?", { status: 404 }));
    await httpBackend([`url=${server.url}`], parts).check();
    await httpBackend([`url=${server.url}`, "format=raw"], parts).check();
    expect(parts.notes).toEqual([]);
    expect(new Set(server.heard.map(({ method }) => method))).toEqual(new Set(["GET", "OPTIONS"]));
  });

  test("reads the card, which is not read again", async () => {
    await using agent = new A2aTestAgent((turn) => turn.reply("ok"), { path: "/rpc" });
    let cards = 0;
    await using front = new TestServer((heard) => {
      if (heard.method === "GET") cards += 1;
      const init = heard.method === "GET" ? {} : { method: "POST", body: heard.text };
      return fetch(`${agent.origin}${heard.path}`, init);
    });
    const backend = httpBackend([`url=${front.url}/rpc`]);
    await backend.check();
    const read = cards;
    await backend.run(request(), never);
    await backend.run(request({ activityId: "act-2" }), never);
    expect(read).toBeGreaterThan(0);
    expect(cards).toBe(read);
  });
});

test("messages of one conversation go one after the other, others side by side", async () => {
  const gate = Promise.withResolvers<void>();
  let inside = 0;
  let most = 0;
  await using server = new TestServer(async () => {
    inside += 1;
    most = Math.max(most, inside);
    if (inside === 2) gate.resolve();
    await gate.promise;
    inside -= 1;
    return new Response("ok");
  });
  const backend = httpBackend([`url=${server.url}`, "format=raw"]);
  await Promise.all([
    backend.run(request({ activityId: "1" }), never),
    backend.run(request({ activityId: "2" }), never),
    backend.run(request({ activityId: "3", peerId: "peer-2" }), never),
  ]);
  expect(most).toBe(2);
});

test("a message that waits for its turn ends at once when it is to stop", async () => {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  await using server = new TestServer(async () => {
    asked.resolve();
    await gate.promise;
    return new Response("ok");
  });
  const backend = httpBackend([`url=${server.url}`, "format=raw"]);
  const first = backend.run(request(), never);
  await asked.promise;
  const stop = new AbortController();
  const second = backend.run(request({ activityId: "act-2" }), stop.signal);
  stop.abort();
  expect(await second).toEqual({ kind: "stopped" });
  gate.resolve();
  expect(await first).toMatchObject({ kind: "answer" });
  expect(server.heard).toHaveLength(1);
});

test("what is kept can't be read: nothing is sent, and it is tried again", async () => {
  const parts = new TestParts({});
  parts.secrets.add("hunter22");
  parts.memory.recall = () => Promise.reject(new Error("disk gone,\nhunter22"));
  await using server = new TestServer(() => new Response("ok"));
  expect(await outcomeAt(server.url, { parts })).toEqual({
    kind: "again",
    reason: "what is known of the talk with the agent could not be read: disk gone, [secret]",
    told: "the agent could not look up the conversation",
  });
  expect(server.heard).toEqual([]);
});

describe("what is kept can't be written", () => {
  const broken = () => {
    const parts = new TestParts({});
    parts.secrets.add("hunter22");
    parts.memory.remember = () => Promise.reject(new Error("disk full,\nhunter22"));
    return parts;
  };
  const note = "what is known of the talk with the agent could not be kept: disk full, [secret]";

  test("a finished answer is given all the same, and the operator is told once", async () => {
    const parts = broken();
    await using agent = new A2aTestAgent((turn) => turn.reply("the answer"));
    expect(await httpBackend([`url=${agent.url}`], parts).run(request(), never)).toEqual({
      kind: "answer",
      text: "the answer",
    });
    expect(parts.notes).toEqual([note]);
  });

  test("a task is followed to its end, and not left at work", async () => {
    const parts = broken();
    const looked = Promise.withResolvers<void>();
    await using agent = new A2aTestAgent(async (turn) => {
      turn.task("submitted");
      turn.status("working");
      await looked.promise;
      turn.status("completed", "done");
    });
    const running = httpBackend([`url=${agent.url}`], parts).run(request(), never);
    await agent.untilCalled("GetTask");
    looked.resolve();
    expect(await running).toEqual({ kind: "answer", text: "done" });
    expect(parts.notes).toEqual([note]);
  });

  test("a task is told to end when we are stopped", async () => {
    const ended = Promise.withResolvers<void>();
    await using agent = new A2aTestAgent((turn) => {
      turn.task("submitted");
      turn.status("working");
      return ended.promise;
    });
    const stop = new AbortController();
    const running = httpBackend([`url=${agent.url}`], broken()).run(request(), stop.signal);
    await agent.untilCalled("GetTask");
    stop.abort();
    expect(await running).toEqual({ kind: "stopped" });
    expect(agent.canceled).toHaveLength(1);
    ended.resolve();
  });
});

test("a conversation that can't be read begins anew, and the operator is told", async () => {
  const parts = new TestParts({});
  const recall = parts.memory.recall.bind(parts.memory);
  let reads = 0;
  // The first is of the task that an earlier run may have left.
  parts.memory.recall = (key) =>
    ++reads === 1 ? recall(key) : Promise.reject(new Error("disk gone"));
  await using agent = new A2aTestAgent((turn) => turn.reply("hi"));
  const outcome = await httpBackend([`url=${agent.url}`], parts).run(request(), never);
  expect(outcome).toEqual({ kind: "answer", text: "hi" });
  expect(parts.notes).toEqual([
    "what is known of the talk with the agent could not be read: disk gone",
  ]);
});
