/** Answers to a peer that could not take them, and said so when its status was already sent. */
import { describe, expect, test } from "bun:test";
import { refusalIn } from "../../../../src/bridge/delivery/late-refusal.ts";
import { changed, TestBridge, type BridgeUnderTest } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { deadLetters, once, replyIds } from "../support.ts";

const late = (data: unknown) =>
  Response.json({
    jsonrpc: "2.0",
    id: "1",
    error: { code: -32603, message: "the agent is busy", data },
  });

test.each([undefined, null, "30", { retry_after: "30" }, { retry_after: -1 }, { other: 30 }])(
  "an error with the data %p is the peer's answer, and not for us to repeat",
  (data) => {
    expect(refusalIn({ error: { message: "no", data } })).toBeUndefined();
  },
);

test("what is no error is no refusal", () => {
  for (const body of [
    undefined,
    null,
    "x",
    {},
    { error: "busy" },
    { result: { retry_after: 3 } },
  ]) {
    expect(refusalIn(body)).toBeUndefined();
  }
});

test("one that says when to come again is posted again then, under the same id", async () => {
  const clock = new ManualClock();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  platform.on("a2a", (_, n) => (n === 1 ? late({ retry_after: 40 }) : undefined));
  await using bridge = new TestBridge(platform.url, { clock });
  await bridge.until("reply-retry");
  expect(bridge.of("reply-retry")[0]?.inMs).toBeWithin(40_000, 50_000);
  expect(bridge.of("answered")).toEqual([]);
  await clock.advanceUntil(() => bridge.of("answered").length > 0, 1_000);
  expect(replyIds(platform)).toHaveLength(2);
  expect(new Set(replyIds(platform)).size).toBe(1);
});

test("so is one that was handed over, whatever is known of its peer", async () => {
  const clock = new ManualClock();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const release = Promise.withResolvers<Response>();
  platform.on("a2a", (_, n) => (n === 1 ? release.promise : undefined));
  await using bridge = new TestBridge(platform.url, { clock });
  await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
  await clock.advance(15_000);
  await bridge.until("reply-handed-over");
  release.resolve(late({ retry_after: 30 }));
  await bridge.until("reply-late");
  const from = clock.monotonic();
  expect(bridge.of("reply-late")).toMatchObject([{ to: PEER, delivered: false }]);
  await clock.advanceUntil(() => bridge.of("answered").length > 0, 100);
  expect(clock.monotonic() - from).toBeGreaterThanOrEqual(30_000);
  expect(replyIds(platform)).toHaveLength(2);
  expect(new Set(replyIds(platform)).size).toBe(1);
});

describe("a peer that refuses late each time", () => {
  const HOUR_MS = 3_600_000;
  /** Later than a post is awaited. */
  const LATE_MS = 16_000;

  /** A bridge with one answer for it, and when that was posted. */
  function refusedLate(server: ScriptedPlatform, clock: ManualClock, setup: BridgeUnderTest = {}) {
    server.rows = [row(1)];
    const posts: number[] = [];
    const body = { error: { data: { retry_after: 60 } } };
    const platform: BridgeUnderTest["platform"] = (client) =>
      changed(client, {
        send: async () => {
          posts.push(clock.monotonic());
          await clock.sleep(LATE_MS);
          return { queued: false, note: undefined, body };
        },
      });
    const options = { intervalMs: LOOK_MS, heartbeatMs: 900_000 };
    const bridge = new TestBridge(server.url, { clock, platform, options, ...setup });
    return { bridge, posts };
  }

  test("is left alone for as long as it asks, each time", async () => {
    const clock = new ManualClock();
    await using server = new ScriptedPlatform();
    const { bridge, posts } = refusedLate(server, clock);
    await using _ = bridge;
    await pump(clock, () => bridge.of("reply-late").length >= 4, 1_000);
    const pauses = posts.slice(1).map((at, n) => at - (posts[n] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(LATE_MS + 60_000);
    expect(bridge.of("reply-late").every(({ delivered }) => !delivered)).toBe(true);
  });

  test("is given up after 24 hours, and ten minutes of this process", async () => {
    const clock = new ManualClock();
    await using server = new ScriptedPlatform();
    const { bridge, posts } = refusedLate(server, clock);
    await using _ = bridge;
    await pump(clock, () => posts.length >= 2, 1_000);
    clock.suspend(24 * HOUR_MS);
    await pump(clock, () => bridge.of("reply-refused").length > 0, 1_000);
    expect(clock.monotonic()).toBeWithin(500_000, 700_000);
    const reason = expect.stringMatching(/has not run it.*; tried for 24 h$/);
    expect(bridge.of("reply-refused")).toMatchObject([{ to: PEER, reason }]);
    await bridge.stop();
    expect(bridge.of("stopped")).toMatchObject([{ replies: 0, openReplies: 0 }]);
    expect(await deadLetters(bridge.stateDir)).toMatchObject([{ undelivered: { kind: "answer" } }]);
  });

  test("does not keep a bridge that is to stop, and the next one posts the answer", async () => {
    using folder = tmpFolder();
    const stateDir = folder.path;
    const clock = new ManualClock();
    await using server = new ScriptedPlatform();
    const { bridge, posts } = refusedLate(server, clock, { stateDir });
    await using _ = bridge;
    await pump(clock, () => bridge.of("reply-late").length > 0, 1_000);
    await clock.untilSleeping((ms) => ms > 50_000 && ms < 70_000);
    const from = clock.monotonic();
    expect(await bridge.stop()).toBeUndefined();
    expect(clock.monotonic()).toBe(from);
    expect(posts).toHaveLength(1);
    expect(bridge.of("stopped")).toMatchObject([{ replies: 1, openReplies: 0 }]);
    const next = await once(server, { stateDir });
    await using _next = next.bridge;
    expect(next.bridge.of("answered")).toMatchObject([{ activityId: row(1).id }]);
    expect(next.bridge.of("reply-late")).toEqual([]);
  });
});
