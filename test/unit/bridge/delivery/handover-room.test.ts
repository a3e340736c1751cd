/** How many posts peers may hold open, and who waits for that. */
import { describe, expect, test } from "bun:test";
import { OpenRequests } from "../../../../src/bridge/open-requests.ts";
import { Handover } from "../../../../src/bridge/delivery/handover.ts";
import { Tries } from "../../../../src/bridge/delivery/tries.ts";
import type { Keeper } from "../../../../src/bridge/keeper.ts";
import type { BridgeParts } from "../../../../src/bridge/parts.ts";
import type { Reply } from "../../../../src/store/store.ts";
import { changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { sentTexts } from "../../../harness/peers.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { Bell } from "../../../harness/wait.ts";
import { canvas, notices, other, OTHER } from "../support.ts";

const NEVER = new AbortController().signal;
const queued = () =>
  Response.json({ status: "queued", delivery_mode: "poll", method: "message/send" });

/** Holds all posts to the usual peer open, from the nth on, until it is let go. */
function holding(platform: ScriptedPlatform, from = 1): () => void {
  const held = Promise.withResolvers<void>();
  let posts = 0;
  platform.on("a2a", async ({ path }) => {
    if (!path.includes(PEER)) return queued();
    posts += 1;
    if (posts >= from) await held.promise;
    return queued();
  });
  return held.resolve;
}

describe("a peer that holds many answers open", () => {
  test.each([1, 4])(
    "holds up nobody but itself, at concurrency %d",
    async (concurrency) => {
      await using platform = new ScriptedPlatform();
      const letGo = holding(platform);
      platform.rows = [1, 2, 3, 4, 5, 6].map((n) => row(n));
      const clock = new ManualClock();
      const options = { concurrency, intervalMs: LOOK_MS };
      await using bridge = new TestBridge(platform.url, { clock, options });
      await pump(clock, () => bridge.of("reply-handed-over").length === 4, 500);
      await bridge.until("reply-kept", 5);
      platform.rows.push(other(7), canvas(8), other(9));
      await pump(clock, () => bridge.of("answered").length === 3);
      expect(bridge.of("answered").map(({ to }) => to)).toContain("canvas");
      expect(sentTexts(platform, OTHER)).toEqual(["echo: text 7", "echo: text 9"]);
      expect(notices(platform)).toEqual(["echo: text 8"]);
      expect(sentTexts(platform, PEER).length).toBe(4);
      letGo();
      await pump(clock, () => bridge.of("answered").length === 5);
      expect(sentTexts(platform, PEER)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `echo: text ${n}`));
      expect(await bridge.stop()).toBeUndefined();
      expect(bridge.of("stopped")).toMatchObject([{ settled: 9, replies: 0, openReplies: 0 }]);
    },
    20_000,
  );

  test("but is known to poll is not waited for: it answers at once as a rule", async () => {
    await using platform = new ScriptedPlatform();
    const letGo = holding(platform, 2);
    platform.rows = [1, 2, 3, 4, 5, 6, 7].map((n) => row(n));
    const clock = new ManualClock();
    const options = { intervalMs: LOOK_MS };
    await using bridge = new TestBridge(platform.url, { clock, options });
    await pump(clock, () => bridge.of("reply-handed-over").length === 6, 500);
    expect(sentTexts(platform, PEER).length).toBe(7);
    letGo();
    await bridge.until("reply-late", 6);
  }, 20_000);

  test("and an answer that waits for it is left to the next start when the bridge stops", async () => {
    await using platform = new ScriptedPlatform();
    holding(platform);
    platform.rows = [1, 2, 3, 4, 5].map((n) => row(n));
    const clock = new ManualClock();
    const options = { intervalMs: LOOK_MS, graceMs: 1_000 };
    await using bridge = new TestBridge(platform.url, { clock, options });
    await pump(clock, () => bridge.of("reply-handed-over").length === 4, 500);
    await bridge.until("reply-kept", 5);
    const stopped = bridge.stop();
    await clock.untilSleeping((ms) => ms === 1_000);
    await clock.advance(1_000);
    expect(await stopped).toBeUndefined();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 4, replies: 1, openReplies: 4 }]);
  }, 20_000);
});

test("the canvas is never left to itself, however long its post takes", async () => {
  await using server = new ScriptedPlatform();
  server.rows = [canvas(1)];
  const clock = new ManualClock();
  const release = Promise.withResolvers<void>();
  const bell = new Bell();
  let posts = 0;
  await using bridge = new TestBridge(server.url, {
    clock,
    options: { intervalMs: LOOK_MS },
    platform: (client) =>
      changed(client, {
        notify: async (message, options) => {
          posts += 1;
          bell.ring();
          await release.promise;
          return client.notify(message, options);
        },
      }),
  });
  await bell.until(() => posts === 1, "the notice");
  const from = clock.monotonic();
  await pump(clock, () => clock.monotonic() > from + 40_000, 1_000);
  expect(bridge.of("answered")).toEqual([]);
  release.resolve();
  await bridge.until("answered");
  expect(bridge.of("reply-handed-over")).toEqual([]);
  expect(notices(server)).toEqual(["echo: text 1"]);
});

describe("the room for open posts", () => {
  /** A handover of which the outcomes are written down at once. */
  function handoverOf(requests = new OpenRequests()) {
    const outbox = { posted: async () => {} };
    const platform = { serverNow: () => 0 };
    const parts = { store: { outbox }, emit: () => {}, platform, requests };
    const keeper = { do: <T>(write: () => Promise<T>) => write() };
    const handover = new Handover(
      parts as unknown as BridgeParts,
      {
        keeper: keeper as unknown as Keeper,
        tries: new Tries({ clock: new ManualClock(), random: () => 0 }),
        poke: () => {},
      },
      NEVER,
    );
    const open = (lane: string) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      handover.watch({ activityId: lane, lane, kind: "answer" } as Reply, promise);
      return resolve;
    };
    return { handover, open };
  }

  test("is 4 for one peer", async () => {
    const { handover, open } = handoverOf();
    const ends = [1, 2, 3, 4].map(() => {
      expect(handover.hasRoom("a")).toBe(true);
      return open("a");
    });
    expect(handover.hasRoom("a")).toBe(false);
    expect(handover.hasRoom("b")).toBe(true);
    const room = handover.untilRoom("a", NEVER);
    ends[2]?.();
    await room;
    expect(handover.hasRoom("a")).toBe(true);
    expect(handover.open).toBe(3);
  });

  test("is 64 for all", async () => {
    const { handover, open } = handoverOf();
    const ends = Array.from({ length: 64 }, (_, n) => {
      expect(handover.hasRoom("z")).toBe(true);
      return open(`lane ${n % 16}`);
    });
    expect(handover.hasRoom("z")).toBe(false);
    const room = handover.untilRoom("z", NEVER);
    ends[0]?.();
    await room;
    expect(handover.open).toBe(63);
  });

  test("is not waited for by a bridge that stops", async () => {
    const { handover, open } = handoverOf();
    for (let n = 0; n < 4; n++) open("a");
    const stop = new AbortController();
    const room = handover.untilRoom("a", stop.signal);
    stop.abort();
    await room;
    expect(handover.hasRoom("a")).toBe(false);
  });

  test("is that of all bridges of the process, and is waited for", async () => {
    const requests = new OpenRequests(34);
    const [one, other] = [handoverOf(requests), handoverOf(requests)];
    const ends = [one.open("a"), one.open("b")];
    expect(other.handover.hasRoom("c")).toBe(false);
    // Beyond the room: the platform took its time over a post that was not to be held.
    const third = one.open("d");
    const room = other.handover.untilRoom("c", NEVER);
    for (const end of [third, ...ends]) end();
    await room;
    expect(other.handover.hasRoom("c")).toBe(true);
  });

  test("is looked for again at the end of one that had no place", async () => {
    const { handover, open } = handoverOf(new OpenRequests(33));
    const ends = ["a", "a", "a", "a"].map(() => open("a"));
    const [first, ...rest] = ends;
    first?.();
    while (!handover.hasRoom("b")) await new Promise((resolve) => setImmediate(resolve));
    const again = open("b");
    expect(handover.hasRoom("a")).toBe(false);
    again();
    const room = handover.untilRoom("a", NEVER);
    for (const end of rest) end();
    await room;
  });
});
