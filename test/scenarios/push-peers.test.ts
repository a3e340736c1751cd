/** Peers in push mode: they answer on the open request, and may take their time over it. */
import { expect, test } from "bun:test";
import { backendOf, TestBridge } from "../harness/bridge.ts";
import { ManualClock } from "../harness/clock.ts";
import { LOOK_MS, pump } from "../harness/pump.ts";
import { sentTexts, textOf } from "../harness/peers.ts";
import { PEER, row, ScriptedPlatform } from "../harness/scripted-platform.ts";

const done = () => Response.json({ jsonrpc: "2.0", id: "1", result: { kind: "message" } });

/** Holds our first answer open until it is let go. */
function holdFirst(platform: ScriptedPlatform): () => void {
  const held = Promise.withResolvers<Response>();
  platform.on("a2a", (seen) => (textOf(seen) === "echo: text 1" ? held.promise : done()));
  return () => held.resolve(done());
}

test.each([1, 4])(
  "a push peer that writes to us while it holds our answer open is answered, at concurrency %d",
  async (concurrency) => {
    await using platform = new ScriptedPlatform();
    const letGo = holdFirst(platform);
    platform.rows = [row(1)];
    const clock = new ManualClock();
    const backend = backendOf();
    await using bridge = new TestBridge(platform.url, {
      clock,
      backend,
      options: { concurrency, intervalMs: LOOK_MS },
    });
    await platform.untilCalled("a2a");
    // It needs our answer to this before it ends the request that holds the other one.
    platform.rows.push(row(2));
    platform.on("a2a", (seen) => {
      if (textOf(seen) === "echo: text 2") letGo();
      return done();
    });
    const begun = clock.monotonic();
    await pump(clock, () => bridge.of("entered").length === 2);
    expect(backend.requests).toHaveLength(1);
    await clock.untilSleeping((ms) => ms > 14_000 && ms <= 15_000);
    await clock.advance(15_000);
    await bridge.until("answered");
    expect(sentTexts(platform)).toEqual(["echo: text 1", "echo: text 2"]);
    expect(clock.monotonic() - begun).toBeLessThanOrEqual(16_000);
    await bridge.until("reply-late");
    expect(bridge.of("reply-late")).toMatchObject([{ delivered: true }]);
    expect(bridge.of("reply-handed-over")).toMatchObject([{ to: PEER, afterMs: 15_000 }]);
    expect(await bridge.stop()).toBeUndefined();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 2, replies: 0, openReplies: 0 }]);
  },
);

test("an answer that a push peer holds open keeps the messages of others waiting for 15 s at most", async () => {
  await using platform = new ScriptedPlatform();
  const letGo = holdFirst(platform);
  platform.rows = [row(1), row(2, { source_id: null })];
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, {
    clock,
    options: { concurrency: 1, intervalMs: LOOK_MS },
  });
  await platform.untilCalled("a2a");
  expect(platform.calls("notify")).toEqual([]);
  await clock.untilSleeping((ms) => ms > 14_000 && ms <= 15_000);
  await clock.advance(15_000);
  await bridge.until("answered");
  expect(bridge.of("answered")).toMatchObject([{ to: "canvas" }]);
  letGo();
  await bridge.until("reply-late");
});
