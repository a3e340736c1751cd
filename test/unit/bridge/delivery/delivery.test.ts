import { describe, expect, test } from "bun:test";
import { backendOf, changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { deadLetters, once, OTHER, other, refusal, replyIds } from "../support.ts";

describe("delivery", () => {
  test("a reply that fails in passing is posted again under the same id", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    platform.on("a2a", (_, n) => (n < 3 ? refusal(503, "busy") : undefined));
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(replyIds(platform).length).toBe(3);
    expect(new Set(replyIds(platform)).size).toBe(1);
  });

  test("a reply that waits for its next try holds up its own peer, and nobody else", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), other(3)];
    let asleep = true;
    platform.on("a2a", ({ path }) =>
      asleep && path.includes(PEER) ? refusal(503, "asleep") : undefined,
    );
    const clock = new ManualClock();
    const backend = backendOf();
    await using bridge = new TestBridge(platform.url, { clock, backend, random: () => 0.9 });
    await bridge.until("reply-retry");
    await bridge.until("answered");
    expect(bridge.of("answered")).toMatchObject([{ to: OTHER }]);
    expect(backend.requests.map((request) => request.text)).toEqual(["text 1", "text 3"]);
    asleep = false;
    await clock.advanceUntil(() => bridge.of("answered").length === 3);
    expect(bridge.of("answered").map(({ activityId }) => activityId)).toEqual(
      [other(3), row(1), row(2)].map(({ id }) => id),
    );
  });

  test("a failure that can't be told is one dead letter with both reasons", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    platform.on("a2a", () => refusal(403, "access denied"));
    const backend = backendOf(() => ({ kind: "failed", reason: "exit 65", told: "it failed" }));
    const { bridge, end } = await once(platform, { backend });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(await deadLetters(bridge.stateDir)).toMatchObject([
      { id: row(1).id, reason: expect.stringMatching(/^exit 65 .*access denied/) },
    ]);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, dead: 1, waiting: 0 }]);
  });

  test("an answer is on the disk before it is posted", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), other(2)];
    const order: string[] = [];
    platform.on("a2a", () => {
      order.push("post");
      return undefined;
    });
    const { bridge } = await once(platform, {
      store: (store) =>
        changed(store, {
          outbox: changed(store.outbox, {
            keep: async (reply, dead) => {
              const kept = await store.outbox.keep(reply, dead);
              order.push("keep");
              return kept;
            },
          }),
        }),
    });
    await using _ = bridge;
    expect(order).toEqual(["keep", "post", "keep", "post"]);
  });

  test("waits that the platform asks for are kept to", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    platform.on("a2a", (_, n) =>
      n <= 3 ? refusal(429, "later", { "retry-after": "600" }) : undefined,
    );
    const clock = new ManualClock();
    const options = { heartbeatMs: 2e9, intervalMs: 1e9 };
    await using bridge = new TestBridge(platform.url, { clock, options });
    await bridge.until("reply-retry");
    // It looks once more at once, and then for long no more.
    await clock.advanceUntil(() => clock.pending.some((ms) => ms > 9e8 && ms <= 1e9));
    for (let tries = 1; tries <= 3; tries++) {
      await bridge.until("reply-retry", tries);
      await clock.advance(await clock.untilSleeping((ms) => ms > 590_000 && ms <= 600_000));
    }
    await bridge.until("answered");
    expect(bridge.of("reply-refused")).toEqual([]);
  });

  test("goes on for many peers at once, but not for all: requests are bounded", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = Array.from({ length: 40 }, (_, n) =>
      row(n, { source_id: `44444444-4444-4444-8444-${String(n).padStart(12, "0")}` }),
    );
    const gate = Promise.withResolvers<void>();
    platform.on("a2a", async () => {
      await gate.promise;
      return Response.json({ status: "queued", delivery_mode: "poll", method: "message/send" });
    });
    await using bridge = new TestBridge(platform.url, { options: { concurrency: 40 } });
    await bridge.until("reply-kept", 40);
    await platform.untilCalled("a2a", 32);
    // Fetches go on meanwhile, and no further post begins.
    await platform.untilCalled("activity", platform.calls("activity").length + 3);
    expect(platform.calls("a2a").length).toBe(32);
    gate.resolve();
    await bridge.until("answered", 40);
  });
});
