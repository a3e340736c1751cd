import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { systemClock } from "../../../../src/shared/clock.ts";
import { freePort } from "../../../harness/port.ts";
import { head, RawServer, type RawSocket } from "../../../harness/raw-server.ts";
import { NO_SUCH_HOST } from "../../../harness/unresolvable.ts";
import { httpBackend, OLD_MESSAGE, outcomeAt, rpc, rpcError, TestServer } from "./support.ts";
import { never, request, TestParts } from "../support.ts";

/** The agent asks for patience. */
const BUSY = [429, 503, 529];

const FORMATS = ["a2a", "raw"] as const;

/** A clock on which all time is up as soon as the server has heard a request. */
function timeUpOnceAsked(server: RawServer): TestParts {
  return new TestParts({}, { ...systemClock, sleep: () => server.untilAsked() });
}

describe.each(FORMATS)("with format=%s", (format) => {
  const at = (url: string, options: string[] = []) => outcomeAt(url, { format, options });

  test("an agent that is not there is tried again, and the operator is asked about it", async () => {
    const port = freePort();
    const outcome = await at(`http://127.0.0.1:${port}/x`);
    expect(outcome).toEqual({
      kind: "again",
      reason: `nothing listens at 127.0.0.1:${port}: is the agent running at http://127.0.0.1:${port}/x?`,
      told: "the agent can't be reached at the moment",
      overloaded: true,
    });
  });

  test("a host name that does not resolve is tried again", async () => {
    const outcome = await at(`http://${NO_SUCH_HOST}/`);
    expect(outcome.kind).toBe("again");
  }, 30_000);

  const cutting: [string, (socket: RawSocket) => void][] = [
    ["before any answer", (socket) => void socket.end()],
    [
      "in the middle of its answer",
      (socket) => {
        socket.write(
          head("200 OK", { "content-type": "application/json", "content-length": "90" }),
        );
        socket.end('{"jsonrpc":"2.0","id":1,"resu');
      },
    ],
    ["with what is no HTTP", (socket) => void socket.end("hello\r\n\r\n")],
  ];
  test.each(cutting)("a connection that ends %s is a failure", async (_, cut) => {
    using server = new RawServer(cut);
    const outcome = await at(server.url);
    expect(outcome.kind).toBe("failed");
    expect(server.requests).toHaveLength(1);
  });

  test("silence is a failure once the time is up, and the connection is closed", async () => {
    using server = new RawServer(() => {});
    const outcome = await outcomeAt(server.url, { format, parts: timeUpOnceAsked(server) });
    expect(outcome).toMatchObject({
      kind: "failed",
      told: expect.stringContaining("the agent did not finish within 5"),
    });
    await server.untilClosed();
  });

  test("an answer that drips for ever is a failure once the time is up", async () => {
    using server = new RawServer((socket) => {
      socket.write(head("200 OK", { "content-type": "application/json" }));
      socket.write('{"text": "');
    });
    const outcome = await outcomeAt(server.url, { format, parts: timeUpOnceAsked(server) });
    expect(outcome.kind).toBe("failed");
    await server.untilClosed();
  });

  test("a run that is stopped ends at once and closes its connection", async () => {
    using server = new RawServer(() => {});
    const stop = new AbortController();
    const running = outcomeAt(server.url, { format, signal: stop.signal });
    await server.untilAsked();
    stop.abort();
    expect(await running).toEqual({ kind: "stopped" });
    await server.untilClosed();
  });

  test("a run that was stopped before it began sends nothing", async () => {
    await using server = new TestServer(() => new Response("hi"));
    const signal = AbortSignal.abort();
    expect(await outcomeAt(server.url, { format, signal })).toEqual({ kind: "stopped" });
    expect(server.heard).toEqual([]);
  });

  const statuses: [number, Outcome["kind"]][] = [
    [400, "failed"],
    [401, "operator"],
    [403, "operator"],
    [404, "operator"],
    [405, "operator"],
    [407, "operator"],
    [408, "again"],
    [410, "failed"],
    [413, "failed"],
    [422, "failed"],
    [425, "again"],
    [429, "again"],
    [500, "failed"],
    [502, "failed"],
    [503, "again"],
    [504, "failed"],
    [529, "again"],
  ];
  test.each(statuses)("status %i is %s", async (status, kind) => {
    await using server = new TestServer(() => new Response("no luck", { status }));
    const outcome = await at(server.url);
    expect(outcome.kind).toBe(kind);
    expect("overloaded" in outcome).toBe(BUSY.includes(status));
    expect("reason" in outcome ? outcome.reason : "").toContain(`answered ${status} (no luck)`);
    expect("told" in outcome ? outcome.told : "").not.toContain("luck");
  });

  test("a 403 after a good answer is about the message, and stops no other", async () => {
    await using server = new TestServer((heard) => {
      if (heard.text.includes("<script>")) return new Response("blocked", { status: 403 });
      return format === "raw" ? new Response("hi") : rpc(heard, OLD_MESSAGE);
    });
    const version = format === "raw" ? [] : ["protocol=0.3"];
    const backend = httpBackend([`url=${server.url}`, `format=${format}`, ...version]);
    const attack = { activityId: "act-2", text: "<script>" };
    const unfit = request({ ...attack, parts: [{ kind: "text", text: "<script>" }] });
    // Before, it may be the login as well.
    expect(await backend.run(unfit, never)).toMatchObject({ kind: "operator" });
    expect(await backend.run(request(), never)).toEqual({ kind: "answer", text: "hi" });
    expect(await backend.run(unfit, never)).toEqual({
      kind: "failed",
      reason: `${server.url}/ answered 403 (blocked)`,
      told: "the agent does not accept the message",
    });
  });

  test("a 403 after nothing but bad answers may be the login", async () => {
    let status = 200;
    const headers = { "content-type": "text/html" };
    await using server = new TestServer(
      () => new Response("<html>log in</html>", { status, headers }),
    );
    const version = format === "raw" ? [] : ["protocol=0.3"];
    const backend = httpBackend([`url=${server.url}`, `format=${format}`, ...version]);
    expect((await backend.run(request(), never)).kind).toBe("failed");
    status = 403;
    expect((await backend.run(request({ activityId: "act-2" }), never)).kind).toBe("operator");
  });

  test("a 401 is never about the message", async () => {
    let status = 200;
    await using server = new TestServer((heard) => {
      if (status !== 200) return new Response("", { status });
      return format === "raw" ? new Response("hi") : rpc(heard, OLD_MESSAGE);
    });
    const version = format === "raw" ? [] : ["protocol=0.3"];
    const backend = httpBackend([`url=${server.url}`, `format=${format}`, ...version]);
    expect((await backend.run(request(), never)).kind).toBe("answer");
    status = 401;
    expect((await backend.run(request({ activityId: "act-2" }), never)).kind).toBe("operator");
  });

  test("a busy agent says when to come again", async () => {
    const headers = { "retry-after": "7" };
    await using server = new TestServer(() => new Response("", { status: 503, headers }));
    expect(await at(server.url)).toMatchObject({ kind: "again", retryAfterMs: 7000 });
  });

  test("the way to log in is told where it is missing", async () => {
    await using server = new TestServer(() => new Response("", { status: 401 }));
    const outcome = await at(server.url);
    expect(outcome).toMatchObject({
      hint: expect.stringContaining("header.Authorization=env:NAME"),
    });
  });

  test("what the agent says to the operator holds no secret and is one line", async () => {
    const secret = `s3cret${"x".repeat(400)}`;
    const parts = new TestParts({});
    parts.secrets.add(secret);
    const error = `bad\n\u001b[31m key ${secret}`;
    await using server = new TestServer(() => Response.json({ error }, { status: 400 }));
    const outcome = await outcomeAt(server.url, { format, parts });
    expect(outcome).toMatchObject({
      reason: `${server.url}/ answered 400 (bad \\u001b[31m key [secret])`,
    });
  });

  test("a web page under a good status is a failure", async () => {
    const headers = { "content-type": "text/html" };
    await using server = new TestServer(() => new Response("<html>welcome</html>", { headers }));
    const outcome = await at(server.url);
    expect(outcome.kind).toBe("failed");
    expect("reason" in outcome ? outcome.reason : "").toContain("a web page");
  });

  test("an answer that is packed, though none was asked for, is a failure", async () => {
    const body = gzipSync(JSON.stringify({ text: "hi" }));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    await using server = new TestServer(() => new Response(body, { headers }));
    const outcome = await at(server.url);
    expect(outcome).toMatchObject({ kind: "failed", reason: expect.stringContaining("gzip") });
    expect(server.heard[0]?.headers.get("accept-encoding")).toBe("identity");
  });

  test.each([307, 308])(
    "a redirect by %i at the same origin is followed, body and all",
    async (status) => {
      await using server = new TestServer((heard) =>
        heard.path === "/"
          ? new Response(null, { status, headers: { location: "/there" } })
          : format === "raw"
            ? new Response("hi")
            : rpc(heard, OLD_MESSAGE),
      );
      expect(await at(server.url)).toEqual({ kind: "answer", text: "hi" });
      expect(server.heard.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "POST /",
        "POST /there",
      ]);
      expect(server.heard[1]?.text).toBe(server.heard[0]?.text ?? "");
    },
  );

  test("a redirect to another origin is refused, and no header goes there", async () => {
    await using other = new TestServer(() => new Response("hi"));
    await using server = new TestServer(() => Response.redirect(`${other.url}/?key=k`, 307));
    const outcome = await at(server.url, ["header.Authorization=Bearer abcdefgh"]);
    expect(outcome).toMatchObject({
      kind: "operator",
      reason: expect.stringContaining(`redirects (307) to ${other.url}/, which is not followed`),
    });
    expect(other.heard).toEqual([]);
  });

  test.each([301, 302, 303])(
    "a redirect by %i, which drops the body, is refused",
    async (status) => {
      await using server = new TestServer(
        () => new Response(null, { status, headers: { location: "/there" } }),
      );
      expect((await at(server.url)).kind).toBe("operator");
      expect(server.heard).toHaveLength(1);
    },
  );

  test("redirects in a ring end", async () => {
    await using server = new TestServer(
      () => new Response(null, { status: 307, headers: { location: "/" } }),
    );
    expect((await at(server.url)).kind).toBe("operator");
    expect(server.heard).toHaveLength(4);
  });

  test("each message has a connection of its own: a kept one could close under it", async () => {
    // It answers the first request of each connection only, and keeps all open.
    using server = new RawServer((socket) => {
      socket.write(head("400 Bad Request", { "content-length": "0" }));
    });
    const backend = httpBackend([`url=${server.url}`, `format=${format}`, "timeout=20s"]);
    expect(await backend.run(request(), never)).toMatchObject({ kind: "failed" });
    const before = server.requests.length;
    const outcome = await backend.run(request({ activityId: "act-2" }), never);
    expect(outcome).toMatchObject({ reason: expect.stringContaining("400") });
    expect(server.requests.length).toBeGreaterThan(before);
  });

  test("the operator's headers go along, from the environment too, and are secret", async () => {
    const parts = new TestParts({ AGENT_KEY: "Bearer abcdefgh" });
    await using server = new TestServer(() => new Response("no: abcdefgh", { status: 400 }));
    const options = ["header.Authorization=env:AGENT_KEY", "header.X-Env=test"];
    const outcome = await outcomeAt(server.url, { format, options, parts });
    expect(server.heard[0]?.headers.get("authorization")).toBe("Bearer abcdefgh");
    expect(server.heard[0]?.headers.get("x-env")).toBe("test");
    expect(JSON.stringify(outcome)).not.toContain("abcdefgh");
  });
});

describe("an answer to A2A", () => {
  const broken: [string, (id: number) => string][] = [
    ["is no JSON", () => "hello"],
    ["is half a JSON", (id) => `{"jsonrpc":"2.0","id":${id},"result":{`],
    ["is empty", () => ""],
    ["is a list", (id) => `[{"jsonrpc":"2.0","id":${id},"result":{}}]`],
    ["is for another request", (id) => `{"jsonrpc":"2.0","id":${id + 1},"result":{"parts":[]}}`],
    ["has no id", () => `{"jsonrpc":"2.0","result":{"parts":[]}}`],
    ["has neither result nor error", (id) => `{"jsonrpc":"2.0","id":${id}}`],
    ["has a result of null", (id) => `{"jsonrpc":"2.0","id":${id},"result":null}`],
    ["has a result of text", (id) => `{"jsonrpc":"2.0","id":${id},"result":"hi"}`],
    ["is neither message nor task", (id) => `{"jsonrpc":"2.0","id":${id},"result":{"a":1}}`],
    ["is a task without id", (id) => `{"jsonrpc":"2.0","id":${id},"result":{"status":{}}}`],
  ];
  test.each(broken)("that %s is a failure", async (_, body) => {
    await using server = new TestServer(({ text }) => {
      const { id } = JSON.parse(text) as { id: number };
      return new Response(body(id), { headers: { "content-type": "application/json" } });
    });
    const outcome = await outcomeAt(server.url);
    expect(outcome).toMatchObject({
      kind: "failed",
      told: "the agent gave an answer that can't be read",
    });
  });

  test("that gives the id back as text is one", async () => {
    await using server = new TestServer(({ text }) => {
      const { id } = JSON.parse(text) as { id: number };
      return Response.json({ jsonrpc: "2.0", id: String(id), result: OLD_MESSAGE });
    });
    expect(await outcomeAt(server.url)).toEqual({ kind: "answer", text: "hi" });
  });

  test("that never ends is read to its limit and no further", async () => {
    const chunk = new Uint8Array(4 * 1024 * 1024).fill(0x20);
    const endless = () => new ReadableStream({ pull: (to) => to.enqueue(chunk) });
    await using server = new TestServer(() => new Response(endless()));
    const outcome = await outcomeAt(server.url, { options: ["timeout=60s"] });
    expect(outcome).toMatchObject({ kind: "failed", reason: expect.stringContaining("40 MiB") });
  }, 30_000);

  const codes: [number, Outcome["kind"]][] = [
    [-32602, "failed"],
    [-32600, "failed"],
    [-32005, "failed"],
    [-32603, "failed"],
    [-32001, "failed"],
    [-32700, "failed"],
    [-1, "failed"],
    [-32601, "operator"],
    [-32009, "operator"],
  ];
  test.each(codes)("with the error %i under a good status is %s", async (code, kind) => {
    await using server = new TestServer((heard) => rpcError(heard, code, "some\nwords"));
    const outcome = await outcomeAt(server.url);
    expect(outcome.kind).toBe(kind);
    expect("reason" in outcome ? outcome.reason : "").toContain(`some words (${code})`);
    expect("told" in outcome ? outcome.told : "").not.toContain("words");
    expect(server.heard).toHaveLength(1);
  });

  test("that is followed by a 403 when its task is looked at is the operator's to mend", async () => {
    const working = { kind: "task", id: "t1", status: { state: "working" } };
    await using server = new TestServer((heard) =>
      heard.text.includes("tasks/get") ? new Response("", { status: 403 }) : rpc(heard, working),
    );
    expect((await outcomeAt(server.url)).kind).toBe("operator");
  });

  test("with an error under a bad status is judged by the error", async () => {
    await using server = new TestServer((heard) => rpcError(heard, -32602, "no parts", 404));
    expect((await outcomeAt(server.url)).kind).toBe("failed");
  });

  test("with an error under 503 is judged by the status", async () => {
    await using server = new TestServer((heard) => rpcError(heard, -32603, "busy", 503));
    expect((await outcomeAt(server.url)).kind).toBe("again");
  });
});
