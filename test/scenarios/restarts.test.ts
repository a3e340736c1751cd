/** What one run leaves to the next: answers, dead letters, and a cursor that others may move. */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import type { BackendRequest } from "../../src/backends/backend.ts";
import { runToEnd } from "../harness/binary.ts";
import { backendOf, TestBridge } from "../harness/bridge.ts";
import { peerId, sentTexts, targetOf, textOf } from "../harness/peers.ts";
import { PEER, row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { TimedFeed } from "../harness/timed-feed.ts";
import { tmpFolder } from "../harness/tmp.ts";

const texts = (requests: BackendRequest[]) => requests.map(({ text }) => text);
const once = { once: true };

test("a full outbox is delivered before new work is taken from its peers", async () => {
  using folder = tmpFolder();
  await using platform = new ScriptedPlatform();
  const peers = [peerId(1), peerId(2), peerId(3), null];
  platform.rows = peers.map((source_id, n) => row(n, { source_id, text: `old ${n}` }));
  const away = () => new Response("", { status: 503 });
  platform.on("a2a", away).on("notify", away);
  const options = { concurrency: 4 };
  {
    await using bridge = new TestBridge(platform.url, { stateDir: folder.path, options });
    await bridge.until("reply-retry", 4);
    expect(await bridge.stop()).toBeUndefined();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, replies: 4 }]);
  }
  const tried = platform.seen.length;
  platform.on("a2a", () => undefined).on("notify", () => undefined);
  platform.rows.push(...peers.map((source_id, n) => row(10 + n, { source_id, text: `new ${n}` })));
  const order: string[] = [];
  platform.on("a2a", (seen) => void order.push(`post ${textOf(seen)}`) as undefined);
  platform.on("notify", ({ body }) => void order.push(`post ${body.message}`) as undefined);
  const backend = backendOf(({ text }) => {
    order.push(`run ${text}`);
    return { kind: "answer", text };
  });
  const setup = { stateDir: folder.path, backend, options: { ...options, ...once } };
  await using bridge = new TestBridge(platform.url, setup);
  expect(await bridge.ended).toBeUndefined();
  expect(platform.seen.length).toBeGreaterThan(tried);
  for (const n of peers.keys()) {
    expect(order.filter((step) => step.endsWith(` ${n}`))).toEqual([
      `post echo: old ${n}`,
      `run new ${n}`,
      `post new ${n}`,
    ]);
  }
});

test("a notice of which nobody knows whether it was posted is not posted again by the next start", async () => {
  using folder = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { source_id: null })];
  platform.on("notify", ({ body }, nth) => {
    const { request_body: _, ...echo } = row(1 + nth, { method: "notify", source_id: null });
    platform.rows.push({ ...echo, response_body: { result: body.message } });
    return nth === 1 ? new Response("", { status: 502 }) : undefined;
  });
  const backend = backendOf();
  {
    await using bridge = new TestBridge(platform.url, { stateDir: folder.path, backend });
    await bridge.until("reply-retry");
    expect(await bridge.stop()).toBeUndefined();
  }
  const setup = { stateDir: folder.path, backend, options: once };
  await using next = new TestBridge(platform.url, setup);
  expect(await next.ended).toBeUndefined();
  expect(platform.calls("notify")).toHaveLength(1);
  expect(backend.requests).toHaveLength(1);
  expect(next.of("answered")).toMatchObject([{ to: "canvas", note: "found in the feed" }]);
});

describe("the Go tool takes over and gives back", () => {
  /** Leaves two messages that wait, and gives the cursor file to the other tool. */
  async function leaveWaiting(platform: ScriptedPlatform, stateDir: string) {
    const feed = new TimedFeed(platform, "r1");
    feed.add(row(1), row(2), row(3));
    await using first = new TestBridge(platform.url, { stateDir, options: once });
    expect(await first.ended).toBeUndefined();
    feed.add(row(4), row(5));
    const backend = backendOf((_, signal) => {
      const stopped = Promise.withResolvers<{ kind: "stopped" }>();
      signal.addEventListener("abort", () => stopped.resolve({ kind: "stopped" }));
      return stopped.promise;
    });
    const options = { graceMs: 0, concurrency: 1 };
    await using second = new TestBridge(platform.url, { stateDir, backend, options });
    await second.until("taken");
    expect(await second.stop()).toBeUndefined();
    expect(second.of("stopped")).toMatchObject([{ settled: 0, waiting: 2 }]);
    expect(sentTexts(platform)).toHaveLength(3);
    return feed;
  }

  /** As its `state.go` writes it: it knows two keys only. */
  function moveCursor(stateDir: string, last_since_id: string): void {
    const file = { workspace_id: WORKSPACE, last_since_id };
    writeFileSync(`${stateDir}/${WORKSPACE}.json`, JSON.stringify(file, null, 2));
  }

  test.each([
    ["a row that we know", [row(5)], 5],
    ["a row that we have never seen", [row(6), row(7)], 7],
  ])("to %s: only what it did not handle is run", async (_, handled, last) => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    const feed = await leaveWaiting(platform, folder.path);
    feed.add(...handled.filter(({ id }) => id !== row(5).id));
    moveCursor(folder.path, row(last).id);
    feed.add(row(8), row(9));
    const backend = backendOf();
    const setup = { stateDir: folder.path, backend, options: once };
    await using back = new TestBridge(platform.url, setup);
    expect(await back.ended).toBeUndefined();
    expect(texts(backend.requests)).toEqual(["text 8", "text 9"]);
    expect(back.of("handled-elsewhere")).toMatchObject([{ cursor: row(last).id, messages: 2 }]);
    expect(await back.stateFile()).toMatchObject({ last_since_id: row(9).id });
  });

  test("to the row between two that wait: the first is its, the second is ours", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveWaiting(platform, folder.path);
    moveCursor(folder.path, row(4).id);
    const backend = backendOf();
    const setup = { stateDir: folder.path, backend, options: once };
    await using back = new TestBridge(platform.url, setup);
    expect(await back.ended).toBeUndefined();
    expect(texts(backend.requests)).toEqual(["text 5"]);
  });

  test("the file that it is given names the row from which it loses nothing", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveWaiting(platform, folder.path);
    const file = JSON.parse(readFileSync(`${folder.path}/${WORKSPACE}.json`, "utf8"));
    expect(Object.keys(file).slice(0, 2)).toEqual(["workspace_id", "last_since_id"]);
    expect(file.last_since_id).toBe(row(3).id);
  });
});

describe("a dead letter whose answer could not be delivered", () => {
  test.each(["while the bridge runs", "while it is stopped"])(
    "is retried %s: posted under a new message id, without a second run",
    async (when) => {
      using folder = tmpFolder();
      await using platform = new ScriptedPlatform();
      platform.rows = [row(1)];
      platform.on("a2a", () => Response.json({ error: "no such workspace" }, { status: 404 }));
      const backend = backendOf();
      const setup = { stateDir: folder.path, backend };
      await using bridge = new TestBridge(platform.url, setup);
      await bridge.until("reply-refused");
      if (when === "while it is stopped") expect(await bridge.stop()).toBeUndefined();
      platform.on("a2a", () => undefined);
      const where = ["--state-dir", folder.path];
      const args = ["dead-letter", "retry", WORKSPACE, row(1).id, ...where];
      expect((await runToEnd(args, { home: folder.path })).code).toBe(0);
      if (when === "while it is stopped") {
        await using next = new TestBridge(platform.url, { ...setup, options: once });
        expect(await next.ended).toBeUndefined();
      } else await bridge.until("answered");
      const [refused, posted] = platform.calls("a2a");
      expect(platform.calls("a2a")).toHaveLength(2);
      for (const call of [refused, posted]) {
        if (call === undefined) throw new Error("it was not posted");
        expect(targetOf(call)).toBe(PEER);
        expect(textOf(call)).toBe("echo: text 1");
        expect(call.body.id).toBe(call.body.params.message.messageId);
      }
      expect(posted?.body.id).not.toBe(refused?.body.id);
      expect(backend.requests).toHaveLength(1);
    },
  );
});
