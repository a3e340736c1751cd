import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../src/backends/backend.ts";
import { backendOf, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";

const AGAIN: Outcome = { kind: "again", reason: "exit 3", told: "the program failed" };
const texts = (platform: ScriptedPlatform) =>
  platform.calls("a2a").map((call) => call.body.params.message.parts[0].text);
const canvas = (n: number) => row(n, { source_id: null });

async function once(
  platform: ScriptedPlatform,
  backend: ReturnType<typeof backendOf>,
  options = {},
) {
  const bridge = new TestBridge(platform.url, { backend, options: { once: true, ...options } });
  return { bridge, end: await bridge.ended };
}

describe("a run that ends in", () => {
  test("an answer on a later try is answered once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf((r) => (r.attempt < 3 ? AGAIN : { kind: "answer", text: "ok" }));
    const { bridge } = await once(platform, backend);
    await using _ = bridge;
    expect(texts(platform)).toEqual(["ok"]);
    expect(backend.requests.map((r) => r.attempt)).toEqual([1, 2, 3]);
  });

  test("'again' for --max-attempts times is told to its sender, and the next message goes on", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const backend = backendOf((r) =>
      r.text === "text 1" ? AGAIN : { kind: "answer", text: "ok" },
    );
    const { bridge } = await once(platform, backend, { maxAttempts: 2 });
    await using _ = bridge;
    expect(texts(platform)).toEqual(["I could not answer this: the program failed.", "ok"]);
    expect(bridge.of("run-failed")).toMatchObject([{ attempts: 2, reason: "exit 3" }]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(2).id });
  });

  test("'failed' is told at once and not tried again", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const backend = backendOf(() => ({ kind: "failed", reason: "x", told: "it took too long" }));
    const { bridge } = await once(platform, backend);
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
    const { bridge } = await once(platform, backend);
    await using _ = bridge;
    expect(platform.calls("a2a").length).toBe(0);
    expect(platform.calls("notify").length).toBe(1);
  });

  test("'operator' ends the run with exit 1 and its hint, and leaves the message unsettled", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf(() => ({
      kind: "operator",
      reason: "not logged in",
      told: "the agent is not ready",
      hint: "log in",
    }));
    const { bridge, end } = await once(platform, backend);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 1, hint: "log in" });
    expect(platform.calls("a2a").length).toBe(0);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: "" });
    expect(bridge.of("stopped")).toMatchObject([{ unsettled: 1 }]);
  });

  test("an exception, which no backend should throw, is a failure and not the end", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge, end } = await once(
      platform,
      backendOf(() => Promise.reject(new Error("a bug"))),
    );
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(bridge.of("run-failed")[0]?.reason).toBe("a bug");
  });
});

test("a message without text or files is answered so, without running the backend", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { text: "" })];
  const backend = backendOf();
  const { bridge } = await once(platform, backend);
  await using _ = bridge;
  expect(backend.requests).toEqual([]);
  expect(texts(platform)[0]).toContain("no text");
});

test("a backend that takes envelopes gets a message without text", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { text: "" })];
  const backend = backendOf(undefined, { takesEmptyText: true });
  const { bridge } = await once(platform, backend);
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
  expect(texts(platform)[0]).toContain("took too long");
});

test("with --on-reply skip an answer to us is not shown to the backend", async () => {
  await using platform = new ScriptedPlatform();
  const reply = row(1);
  (reply.request_body as any).params.message.role = "ROLE_AGENT";
  platform.rows = [reply];
  const backend = backendOf();
  const { bridge } = await once(platform, backend, { onReply: "skip" });
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

describe("stopping", () => {
  test("a first signal lets the run in hand finish, posts its answer and saves", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const release = Promise.withResolvers<void>();
    const backend = backendOf(async () => {
      await release.promise;
      return { kind: "answer", text: "done" };
    });
    await using bridge = new TestBridge(platform.url, { backend });
    await bridge.until("taken");
    const stopped = bridge.stop();
    release.resolve();
    expect(await stopped).toBeUndefined();
    expect(texts(platform)).toEqual(["done"]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(1).id });
  });

  test("when the grace is over the run is cut, and its message stays unsettled", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    const backend = backendOf(
      (_, signal) =>
        new Promise<Outcome>((resolve) =>
          signal.addEventListener("abort", () => resolve({ kind: "stopped" })),
        ),
    );
    await using bridge = new TestBridge(platform.url, {
      backend,
      clock,
      options: { graceMs: 7_000 },
    });
    await bridge.until("taken");
    const stopped = bridge.stop();
    await clock.untilSleeping((ms) => ms === 7_000);
    await clock.advance(7_000);
    expect(await stopped).toBeUndefined();
    expect(texts(platform)).toEqual([]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: "" });
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, unsettled: 1 }]);
  });
});

describe("delivery", () => {
  test("a reply that fails in passing is posted again under the same id", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    platform.on("a2a", (_, n) =>
      n < 3 ? Response.json({ error: "busy" }, { status: 503 }) : undefined,
    );
    const { bridge } = await once(platform, backendOf());
    await using _ = bridge;
    const ids = platform.calls("a2a").map((c) => c.body.params.message.messageId);
    expect(ids.length).toBe(3);
    expect(new Set(ids).size).toBe(1);
  });

  test("a peer that stays unreachable is given up after ten minutes, so that others are answered", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    platform.on("a2a", ({ body }) =>
      body.params.message.parts[0].text === "echo: text 1"
        ? Response.json({ error: "asleep" }, { status: 503 })
        : undefined,
    );
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock, random: () => 0.9 });
    const dropped = bridge.until("reply-dropped").then(() => true);
    for (let tries = 1; ; tries++) {
      if (await Promise.race([dropped, bridge.until("reply-retry", tries).then(() => false)]))
        break;
      const { inMs } = bridge.of("reply-retry").at(-1)!;
      await clock.advance(await clock.untilSleeping((ms) => Math.abs(ms - inMs) < 5));
    }
    await bridge.until("answered");
    expect(bridge.of("reply-dropped")[0]?.reason).toContain("asleep");
    expect(texts(platform).at(-1)).toBe("echo: text 2");
  });

  test("a post that was handed over and then failed is posted again, under the same id", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const release = Promise.withResolvers<void>();
    platform.on("a2a", async (_, n) => {
      if (n > 1)
        return Response.json({ status: "queued", delivery_mode: "poll", method: "message/send" });
      await release.promise;
      return Response.json({ error: "asleep" }, { status: 503 });
    });
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock });
    await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
    await clock.advance(15_000);
    await bridge.until("reply-handed-over");
    release.resolve();
    await bridge.until("answered");
    const ids = platform.calls("a2a").map((c) => c.body.params.message.messageId);
    expect(ids.length).toBe(2);
    expect(new Set(ids).size).toBe(1);
  });

  test("a post that was handed over and then refused for good is dropped, not posted again", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const release = Promise.withResolvers<void>();
    platform.on("a2a", async () => {
      await release.promise;
      return Response.json({ error: "access denied" }, { status: 403 });
    });
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock });
    await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
    await clock.advance(15_000);
    await bridge.until("reply-handed-over");
    release.resolve();
    await bridge.until("reply-dropped");
    expect(platform.calls("a2a").length).toBe(1);
  });

  test("waits that the platform asks for do not count against a reply", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const wait = { status: 429, headers: { "retry-after": "600" } };
    platform.on("a2a", (_, n) => (n <= 3 ? Response.json({ error: "later" }, wait) : undefined));
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock, options: { heartbeatMs: 1e9 } });
    for (let tries = 1; tries <= 3; tries++) {
      await bridge.until("reply-retry", tries);
      await clock.advance(await clock.untilSleeping((ms) => ms > 590_000 && ms <= 600_000));
    }
    await bridge.until("answered");
    expect(bridge.of("reply-dropped")).toEqual([]);
  });
});
