/** Rows and clocks that nobody would expect: they do no harm, and the others are answered. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/shared/clock.ts";
import { backendOf, TestBridge } from "../harness/bridge.ts";
import { peerId, saying, sentTexts, targetOf } from "../harness/peers.ts";
import { PEER, row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { TimedFeed } from "../harness/timed-feed.ts";

setDefaultTimeout(60_000);

const MIB = 1024 * 1024;

async function settle(
  platform: ScriptedPlatform,
  setup: ConstructorParameters<typeof TestBridge>[1] = {},
) {
  const options = { once: true, ...setup.options };
  await using bridge = new TestBridge(platform.url, { ...setup, options });
  expect(await bridge.ended).toBeUndefined();
  return bridge;
}

test("a row whose id has a MiB is passed over, and told", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), { ...row(2), id: "a".repeat(MIB) }, row(3)];
  const bridge = await settle(platform);
  expect(sentTexts(platform)).toEqual(["echo: text 1", "echo: text 3"]);
  expect(bridge.of("row-unreadable")[0]?.reason).toContain("1 of 3 rows have no id");
});

test("a message whose own id has a MiB is answered, once", async () => {
  await using platform = new ScriptedPlatform();
  const messageId = "m".repeat(MIB);
  platform.rows = [row(1, saying({ messageId })), row(2, saying({ messageId })), row(3)];
  await settle(platform);
  expect(sentTexts(platform)).toEqual(["echo: hello", "echo: text 3"]);
});

test.each([
  [900, true],
  [1_100, false],
  [30_000, false],
  [60_000, false],
])(
  "a row that is nested %d levels deep is answered: %p; the others are",
  async (levels, isKept) => {
    await using platform = new ScriptedPlatform();
    const deep = "[".repeat(levels) + "]".repeat(levels);
    platform.on("activity", ({ query }) => {
      if (query.get("since_id") === row(3).id) return Response.json([]);
      const rows = [row(3), row(2, saying({ metadata: { deep: "DEEP" } })), row(1)];
      const text = JSON.stringify(rows).replace('"DEEP"', deep);
      return new Response(text, { headers: { "content-type": "application/json" } });
    });
    const bridge = await settle(platform);
    const kept = isKept ? ["echo: hello"] : [];
    expect(sentTexts(platform)).toEqual(["echo: text 1", ...kept, "echo: text 3"]);
    // Writing it down, if it can be done at all, would stop everything else for seconds.
    expect(bridge.of("skipped").map(({ activityId }) => activityId)).toEqual(
      isKept ? [] : [row(2).id],
    );
  },
);

test.each([
  ["without created_at", { created_at: undefined }],
  ["with a time that is none", { created_at: "yesterday" }],
  ["of the year 9999", { created_at: "9999-12-31T23:59:59.999999999Z" }],
])("a row %s is answered once, after a cursor, and so is what follows", async (_, change) => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = new TestBridge(platform.url);
  await bridge.until("answered");
  platform.rows.push({ ...row(2), ...change } as any, row(3));
  await bridge.until("answered", 3);
  platform.rows.push(row(4));
  await bridge.until("answered", 4);
  expect(await bridge.stop()).toBeUndefined();
  expect(sentTexts(platform).toSorted()).toEqual([1, 2, 3, 4].map((n) => `echo: text ${n}`));
  await settle(platform, { stateDir: bridge.stateDir });
  expect(sentTexts(platform)).toHaveLength(4);
});

test("a row of 1970 lies before the window of a first run, and does not stand in the way of others", async () => {
  await using platform = new ScriptedPlatform();
  const old = { created_at: "1970-01-01T00:00:00Z" };
  platform.rows = [row(1), row(2, old), row(3)];
  const first = await settle(platform);
  expect(first.of("skipped")).toMatchObject([{ activityId: row(2).id, routine: true }]);
  expect(sentTexts(platform)).toEqual(["echo: text 1", "echo: text 3"]);
});

test("a row of the year 9999 does not hide what the platform stamps rightly afterwards", async () => {
  await using platform = new ScriptedPlatform();
  const feed = new TimedFeed(platform);
  // Its rule of two seconds is over between two looks.
  const clock = { ...systemClock, monotonic: () => performance.now() * 1000 };
  await using bridge = new TestBridge(platform.url, { clock });
  feed.add(row(1), row(2, { created_at: "9999-12-31T23:59:59Z" }));
  await bridge.until("answered", 2);
  const looks = platform.calls("activity").length;
  await platform.untilCalled("activity", looks + 5);
  feed.add(row(3));
  await bridge.until("answered", 3);
  expect(await bridge.stop()).toBeUndefined();
  feed.add(row(4));
  await settle(platform, { stateDir: bridge.stateDir });
  expect(sentTexts(platform)).toEqual([1, 2, 3, 4].map((n) => `echo: text ${n}`));
});

test.each(["__proto__", "constructor", "canvas", "null", "a.b-c_D", "x".repeat(128)])(
  "a peer with the odd id %p has a lane of its own and gets its own answers",
  async (source_id) => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { source_id }), row(2, { source_id: null }), row(3, { source_id })];
    const backend = backendOf();
    await settle(platform, { backend });
    expect(sentTexts(platform, source_id)).toEqual(["echo: text 1", "echo: text 3"]);
    expect(platform.calls("notify").map(({ body }) => body.message)).toEqual(["echo: text 2"]);
    expect(backend.requests.map(({ peerId }) => peerId)).toEqual([source_id, undefined, source_id]);
  },
);

test.each([
  "",
  "..",
  "../registry/register",
  "a/b",
  "a b",
  "'; DROP TABLE messages; --",
  "x".repeat(129),
  7,
  {},
])("a sender named %p is nobody to answer", async (source_id) => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { source_id: source_id as string }), row(2)];
  const bridge = await settle(platform);
  expect(platform.calls("a2a").map(targetOf)).toEqual([PEER]);
  expect(bridge.of("skipped")).toMatchObject([{ activityId: row(1).id, routine: false }]);
});

test("a thousand peers with a message each are all answered, once", async () => {
  await using platform = new ScriptedPlatform();
  const all = Array.from({ length: 1_000 }, (_, n) => n);
  platform.rows = all.map((n) => row(n, { source_id: peerId(n) }));
  const bridge = await settle(platform, { options: { concurrency: 8 } });
  expect(platform.calls("a2a").map(targetOf).toSorted()).toEqual(all.map(peerId));
  expect(sentTexts(platform).toSorted()).toEqual(all.map((n) => `echo: text ${n}`).toSorted());
  expect(bridge.of("stopped")).toMatchObject([{ settled: 1_000, dead: 0, waiting: 0, replies: 0 }]);
});

describe.each([
  ["an hour ahead", 3_600_000],
  ["an hour behind", -3_600_000],
  ["ten years ahead", 3_650 * 86_400_000],
  ["ten years behind", -3_650 * 86_400_000],
])("a platform whose clock is %s", (_, offset) => {
  test("has the messages of the first window answered, older ones left, and new ones answered", async () => {
    await using platform = new ScriptedPlatform();
    const now = () => Date.now() + offset;
    const feed = new TimedFeed(platform, "r2", now);
    const at = (agoMs: number) => ({ created_at: new Date(now() - agoMs).toISOString() });
    // Where the clocks differ by less than a day, the window may be longer than asked for.
    feed.add(row(1, at(2 * 86_400_000)), row(2, at(10_000)));
    await using bridge = new TestBridge(platform.url, { options: { sinceSecs: 60 } });
    await bridge.until("answered");
    feed.add(row(3, at(0)));
    await bridge.until("answered", 2);
    expect(await bridge.stop()).toBeUndefined();
    feed.add(row(4, at(0)));
    await settle(platform, { stateDir: bridge.stateDir });
    expect(sentTexts(platform)).toEqual([2, 3, 4].map((n) => `echo: text ${n}`));
  });
});
