/** Posts that their peers hold open (contract T24). */
import { describe, expect, test } from "bun:test";
import { PlatformError } from "../../../../src/platform/platform.ts";
import { changed, TestBridge, type BridgeUnderTest } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { deadLetters, leaveOpen, once, other, refusal, replyIds, withStore } from "../support.ts";

const queued = () =>
  Response.json({ status: "queued", delivery_mode: "poll", method: "message/send" });

/** A bridge whose first post is held open until `release` is resolved, and has been handed over. */
async function handedOver(platform: ScriptedPlatform, setup: BridgeUnderTest = {}) {
  const release = Promise.withResolvers<Response>();
  platform.on("a2a", (_, n) => (n === 1 ? release.promise : queued()));
  const clock = new ManualClock();
  const bridge = new TestBridge(platform.url, { clock, ...setup });
  await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
  await clock.advance(15_000);
  await bridge.until("reply-handed-over");
  return { bridge, clock, release };
}

/** The client, whose first post ends in a way that tells nothing of its outcome once it is released. */
function breaking(release: Promise<unknown>) {
  const posts: string[] = [];
  const platform: BridgeUnderTest["platform"] = (client) =>
    changed(client, {
      send: async (target, request, options) => {
        posts.push(request.params.message.messageId);
        if (posts.length > 1) return client.send(target, request, options);
        await release;
        const unknown = { verdict: "transient", unknownOutcome: true } as const;
        throw new PlatformError("sending: the connection was cut", unknown);
      },
    });
  return { posts, platform };
}

describe("a post that is held open", () => {
  test("and then fails is posted again under the same id", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge, clock, release } = await handedOver(platform);
    await using _ = bridge;
    release.resolve(refusal(503, "asleep"));
    await clock.advanceUntil(() => bridge.of("answered").length > 0);
    expect(bridge.of("reply-late")).toMatchObject([
      { delivered: false, reason: expect.stringContaining("asleep") },
    ]);
    expect(new Set(replyIds(platform)).size).toBe(1);
    expect(replyIds(platform).length).toBe(2);
    await bridge.stop();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, dead: 0, replies: 0 }]);
  });

  test("and then is refused for good is a dead letter, and not posted again", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge, release } = await handedOver(platform);
    await using _ = bridge;
    release.resolve(refusal(403, "access denied"));
    await bridge.until("reply-refused");
    expect(platform.calls("a2a").length).toBe(1);
    await bridge.stop();
    expect(await deadLetters(bridge.stateDir)).toMatchObject([
      { id: row(1).id, undelivered: { kind: "answer" } },
    ]);
  });

  test("does not hold up the next message of its peer, nor the cursor", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const { bridge, clock, release } = await handedOver(platform);
    await using _ = bridge;
    await bridge.until("answered");
    await clock.advanceUntil(() => bridge.of("cursor-saved").at(-1)?.id === row(2).id);
    release.resolve(queued());
    await bridge.until("reply-late");
    expect(bridge.of("reply-late")).toMatchObject([{ delivered: true }]);
  });

  test("is told at the end of the run when its peer still holds it, and asked about at the next start", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const setup = { stateDir: folder.path, options: { graceMs: 1_000 } };
    const { bridge, clock, release } = await handedOver(platform, setup);
    await using _ = bridge;
    const ended = bridge.stop();
    await clock.untilSleeping((ms) => ms === 1_000);
    await clock.advance(1_000);
    expect(await ended).toBeUndefined();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, openReplies: 1, replies: 0 }]);
    release.resolve(queued());
    await using next = new TestBridge(platform.url, { stateDir: folder.path });
    await next.until("reply-late");
    // Nobody knows of this peer that it polls, so it may be at work on it.
    expect(next.of("reply-late")).toMatchObject([{ delivered: false }]);
    await next.stop();
    expect(replyIds(platform).length).toBe(1);
    expect(next.of("stopped")).toMatchObject([{ replies: 0 }]);
  });
});

describe("a post whose outcome nobody knows", () => {
  const cases = [
    ["a peer that polls is posted again under the same id", "poll", 2],
    ["a peer that is pushed to is not: it may be at work on it", "push", 1],
    ["a peer of which nothing is known is not", undefined, 1],
  ] as const;

  test.each(cases)("to %s", async (_, mode, posted) => {
    using folder = tmpFolder();
    if (mode !== undefined) {
      await withStore(folder.path, (store) => store.outbox.learnPeerMode(PEER, mode));
    }
    await using server = new ScriptedPlatform();
    server.rows = [row(1)];
    const release = Promise.withResolvers<void>();
    const { posts, platform } = breaking(release.promise);
    const clock = new ManualClock();
    const stateDir = folder.path;
    await using bridge = new TestBridge(server.url, { clock, platform, stateDir });
    await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
    await clock.advance(15_000);
    await bridge.until("reply-handed-over");
    release.resolve();
    await bridge.until("reply-late");
    await clock.advanceUntil(() => bridge.of("answered").length >= posted - 1);
    await bridge.stop();
    expect(posts.length).toBe(posted);
    expect(new Set(posts).size).toBe(1);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, dead: 0, replies: 0 }]);
  });

  test.each(cases)("because the bridge died: to %s", async (_, mode, posted) => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const id = await withStore(folder.path, async (store) => {
      if (mode !== undefined) await store.outbox.learnPeerMode(PEER, mode);
      return leaveOpen(store);
    });
    await using bridge = new TestBridge(platform.url, { stateDir: folder.path });
    await bridge.until("reply-late");
    await bridge.until("answered", posted - 1);
    await bridge.stop();
    expect(replyIds(platform)).toEqual(posted === 2 ? [id] : []);
    expect(bridge.of("stopped")).toMatchObject([{ replies: 0, waiting: 0 }]);
  });

  test("not handed over yet is posted again to anyone: the peer refuses what it has", async () => {
    await using server = new ScriptedPlatform();
    server.rows = [row(1)];
    const { posts, platform } = breaking(Promise.resolve());
    const { bridge, end } = await once(server, { platform });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(posts.length).toBe(2);
    expect(new Set(posts).size).toBe(1);
  });
});

test("how a peer takes messages is learnt from its answers", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), other(2)];
  platform.on("a2a", ({ path }) =>
    path.includes(PEER) ? queued() : Response.json({ jsonrpc: "2.0", id: "1", result: {} }),
  );
  using folder = tmpFolder();
  const { bridge } = await once(platform, { stateDir: folder.path });
  await using _ = bridge;
  const modes = await withStore(folder.path, (store) =>
    Promise.all([PEER, other(2).source_id ?? ""].map((peer) => store.outbox.peerMode(peer))),
  );
  expect(modes).toEqual(["poll", "push"]);
});
