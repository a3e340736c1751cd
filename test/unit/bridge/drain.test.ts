import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../src/backends/backend.ts";
import { backendOf, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { once, other, refusal, replies, replyIds } from "./support.ts";

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
    expect(replies(platform)).toEqual(["done"]);
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
    expect(replies(platform)).toEqual([]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: "" });
    expect(bridge.of("stopped")).toMatchObject([
      { settled: 0, dead: 0, waiting: 1, replies: 0, openReplies: 0 },
    ]);
  });

  test("no message is taken up any more, whatever waits", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), other(3), row(4)];
    const release = Promise.withResolvers<void>();
    const backend = backendOf(async () => {
      await release.promise;
      return { kind: "answer", text: "done" };
    });
    await using bridge = new TestBridge(platform.url, { backend });
    await bridge.until("entered");
    await bridge.until("taken");
    const stopped = bridge.stop();
    release.resolve();
    expect(await stopped).toBeUndefined();
    expect(backend.requests.length).toBe(1);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, dead: 0, waiting: 3, replies: 0 }]);
  });

  test("an answer that can't be posted at once is kept, and the next start posts it", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    let asleep = true;
    platform.on("a2a", () => (asleep ? refusal(503, "asleep") : undefined));
    const release = Promise.withResolvers<void>();
    const backend = backendOf(async () => {
      await release.promise;
      return { kind: "answer", text: "done" };
    });
    const stateDir = folder.path;
    await using bridge = new TestBridge(platform.url, { backend, stateDir, random: () => 0.9 });
    await bridge.until("taken");
    const stopped = bridge.stop();
    release.resolve();
    expect(await stopped).toBeUndefined();
    expect(bridge.of("reply-retry").length).toBe(1);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, waiting: 0, replies: 1 }]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: "" });
    asleep = false;
    const { bridge: next, end } = await once(platform, { backend, stateDir });
    await using _ = next;
    expect(end).toBeUndefined();
    expect(backend.requests.length).toBe(1);
    expect(replies(platform)).toEqual(["done", "done"]);
    expect(new Set(replyIds(platform)).size).toBe(1);
    expect(await next.stateFile()).toMatchObject({ last_since_id: row(1).id });
  });

  test("while a lane waits for its next try, the stop does not wait for it", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf(() => ({ kind: "again", reason: "exit 3", told: "it failed" }));
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { backend, clock });
    await bridge.until("run-retry");
    expect(await bridge.stop()).toBeUndefined();
    expect(bridge.of("stopped")).toMatchObject([{ waiting: 1 }]);
  });

  test("a run that does not end when it is cut is left behind, and run again by the next start", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    const stateDir = folder.path;
    const deaf = backendOf(() => new Promise<Outcome>(() => {}));
    await using bridge = new TestBridge(platform.url, {
      backend: deaf,
      clock,
      stateDir,
      options: { graceMs: 1_000 },
    });
    await bridge.until("taken");
    const stopped = bridge.stop();
    await clock.advanceUntil(() => bridge.of("stopped").length === 1, 100);
    expect(await stopped).toBeUndefined();
    const backend = backendOf();
    const { bridge: next } = await once(platform, { backend, stateDir });
    await using _ = next;
    expect(backend.requests).toMatchObject([{ text: "text 1", interrupted: true }]);
    expect(next.of("recovered")).toMatchObject([{ runs: 1 }]);
  });
});
