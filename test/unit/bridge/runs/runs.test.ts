import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { backendOf, changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { canvas, deadLetters, once, replies } from "../support.ts";

const AGAIN: Outcome = { kind: "again", reason: "exit 3", told: "the program failed" };

describe("a run that ends in", () => {
  test("an answer on a later try is answered once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf((r) => (r.attempt < 3 ? AGAIN : { kind: "answer", text: "ok" }));
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(replies(platform)).toEqual(["ok"]);
    expect(backend.requests.map((r) => r.attempt)).toEqual([1, 2, 3]);
  });

  test("'again' for --max-attempts times is told to its sender, and the next message goes on", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const backend = backendOf((r) =>
      r.text === "text 1" ? AGAIN : { kind: "answer", text: "ok" },
    );
    const { bridge } = await once(platform, { backend, options: { maxAttempts: 2 } });
    await using _ = bridge;
    expect(replies(platform)).toEqual(["I could not answer this: the program failed.", "ok"]);
    expect(bridge.of("run-failed")).toMatchObject([{ attempts: 2, reason: "exit 3" }]);
    expect(await deadLetters(bridge.stateDir)).toMatchObject([
      { id: row(1).id, reason: "exit 3", undelivered: undefined },
    ]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(2).id });
  });

  test("'failed' is told at once and not tried again", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const backend = backendOf(() => ({ kind: "failed", reason: "x", told: "it took too long" }));
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(backend.requests.length).toBe(1);
    expect(platform.calls("notify").map((c) => c.body.message)).toEqual([
      "I could not answer this: it took too long.",
    ]);
  });

  test("'declined' says nothing to a peer, and a word to the canvas, which waits for one", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), canvas(2)];
    const backend = backendOf(() => ({ kind: "declined", reason: "empty" }));
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(platform.calls("a2a").length).toBe(0);
    expect(platform.calls("notify").length).toBe(1);
  });

  test("an exception, which no backend should throw, is a failure and not the end", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge, end } = await once(platform, {
      backend: backendOf(() => Promise.reject(new Error("a bug"))),
    });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(bridge.of("run-failed")[0]?.reason).toBe("a bug");
  });
});

test("a message without text or files is answered so, without running the backend", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { text: "" })];
  const backend = backendOf();
  const { bridge } = await once(platform, { backend });
  await using _ = bridge;
  expect(backend.requests).toEqual([]);
  expect(replies(platform)[0]).toContain("no text");
});

test("a backend that takes envelopes gets a message without text", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { text: "" })];
  const backend = backendOf(undefined, { takesEmptyText: true });
  const { bridge } = await once(platform, { backend });
  await using _ = bridge;
  expect(backend.requests.length).toBe(1);
});

test("a backend that never ends is given up after its time and a little more", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const clock = new ManualClock();
  const backend = backendOf(() => new Promise<Outcome>(() => {}), { timeoutMs: 1000 });
  await using bridge = new TestBridge(platform.url, { backend, clock });
  await bridge.until("taken");
  await clock.untilSleeping((ms) => ms > 30_500);
  await clock.advance(31_100);
  await bridge.until("run-failed");
  await bridge.until("answered");
  expect(replies(platform)[0]).toContain("took too long");
});

test("with --on-reply skip an answer to us is not shown to the backend", async () => {
  await using platform = new ScriptedPlatform();
  const reply = row(1);
  (reply.request_body as any).params.message.role = "ROLE_AGENT";
  platform.rows = [reply];
  const backend = backendOf();
  const { bridge } = await once(platform, { backend, options: { onReply: "skip" } });
  await using _ = bridge;
  expect(backend.requests).toEqual([]);
});

test("errors of the last five minutes make the error rate, and bad input does not count", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2), row(3, { text: "" })];
  const backend = backendOf((r) =>
    r.text === "text 1"
      ? { kind: "failed", reason: "boom", told: "x" }
      : { kind: "answer", text: "ok" },
  );
  await using bridge = new TestBridge(platform.url, { backend, options: { heartbeatMs: 5 } });
  await bridge.until("answered", 3);
  await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 2);
  expect(platform.calls("heartbeat").at(-1)?.body).toMatchObject({
    error_rate: 0.5,
    sample_error: "boom",
    active_tasks: 0,
    current_task: "",
  });
});

test("a run begins once its sender's name and its files are there: a death before cuts no work", async () => {
  await using platform = new ScriptedPlatform();
  const order: string[] = [];
  platform.on("peer", () => {
    order.push("name");
    return Response.json({ name: "ada" });
  });
  platform.on("download", () => {
    order.push("file");
    return new Response("content", { headers: { "content-type": "text/plain" } });
  });
  const file = { name: "a.txt", uri: `platform-pending:${WORKSPACE}/f-1` };
  const message = { messageId: "m-1", role: "user", parts: [{ kind: "file", file }] };
  platform.rows = [row(1, { request_body: { method: "message/send", params: { message } } })];
  const backend = backendOf(
    ({ files }) => {
      order.push("run");
      return { kind: "answer", text: `${files[0]?.path !== undefined}` };
    },
    { readsFiles: true },
  );
  const { bridge } = await once(platform, {
    backend,
    store: (store) =>
      changed(store, {
        journal: changed(store.journal, {
          begin: (id, counts) => {
            order.push("begin");
            return store.journal.begin(id, counts);
          },
        }),
      }),
  });
  await using _ = bridge;
  expect(order).toEqual(["name", "file", "begin", "run"]);
  expect(replies(platform)).toEqual(["true"]);
});
