/** A handed-over answer that failed, and the end of the bridge before it is posted again. */
import { describe, expect, test } from "bun:test";
import { TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import type { PeerMode } from "../../../../src/store/store.ts";
import { leaveOpen, once, refusal, replyIds, withStore } from "../support.ts";

const MODES: [string, PeerMode | undefined][] = [
  ["nothing is known", undefined],
  ["it is known that it is pushed to", "push"],
  ["it is known that it polls", "poll"],
];

const learn = (folder: string, mode: PeerMode | undefined) =>
  withStore(folder, async (store) => {
    if (mode !== undefined) await store.outbox.learnPeerMode(PEER, mode);
  });

describe("an answer that a peer held open and then did not take", () => {
  test.each(MODES)(
    "while the bridge stops is posted by the next start, where of the peer %s",
    async (_, mode) => {
      using folder = tmpFolder();
      const stateDir = folder.path;
      await learn(stateDir, mode);
      await using platform = new ScriptedPlatform();
      platform.rows = [row(1)];
      const release = Promise.withResolvers<Response>();
      platform.on("a2a", (_, n) => (n === 1 ? release.promise : undefined));
      const clock = new ManualClock();
      await using bridge = new TestBridge(platform.url, { clock, stateDir });
      await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
      await clock.advance(15_000);
      await bridge.until("reply-handed-over");
      const stopped = bridge.stop();
      await bridge.until("draining");
      release.resolve(refusal(503, "asleep"));
      expect(await stopped).toBeUndefined();
      expect(bridge.of("reply-late")).toMatchObject([{ delivered: false }]);
      expect(bridge.of("stopped")).toMatchObject([{ settled: 1, replies: 1, openReplies: 0 }]);
      expect(platform.calls("a2a").length).toBe(1);
      const { bridge: next, end } = await once(platform, { stateDir });
      await using _next = next;
      expect(end).toBeUndefined();
      expect(next.of("answered")).toMatchObject([{ activityId: row(1).id, to: PEER }]);
      expect(replyIds(platform).length).toBe(2);
      expect(new Set(replyIds(platform)).size).toBe(1);
      expect(next.of("stopped")).toMatchObject([{ replies: 0, waiting: 0 }]);
    },
  );

  test.each(MODES)(
    "before the bridge died is posted by the next start, where of the peer %s",
    async (_, mode) => {
      using folder = tmpFolder();
      const stateDir = folder.path;
      await learn(stateDir, mode);
      const id = await withStore(stateDir, leaveOpen);
      await withStore(stateDir, async (store) => {
        for (const reply of await store.outbox.handedOver()) await store.outbox.takeBack(reply);
        expect(await store.outbox.handedOver()).toEqual([]);
        expect(await store.journal.lanes()).toEqual([PEER]);
      });
      await using platform = new ScriptedPlatform();
      platform.rows = [row(1)];
      const { bridge, end } = await once(platform, { stateDir });
      await using _bridge = bridge;
      expect(end).toBeUndefined();
      expect(replyIds(platform)).toEqual([id]);
      expect(bridge.of("reply-late")).toEqual([]);
    },
  );

  test("and is refused for good at its second post counts as dead alone", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const release = Promise.withResolvers<Response>();
    platform.on("a2a", (_, n) => (n === 1 ? release.promise : refusal(403, "access denied")));
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock });
    await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
    await clock.advance(15_000);
    await bridge.until("reply-handed-over");
    release.resolve(refusal(503, "asleep"));
    await clock.advanceUntil(() => bridge.of("reply-refused").length > 0);
    await bridge.stop();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, dead: 1, replies: 0 }]);
  });
});
