/** The feed's odd moments: a closed lid, a lost cursor, rows that come late or share an instant. */
import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { backendOf, TestBridge } from "../harness/bridge.ts";
import { ManualClock } from "../harness/clock.ts";
import { sentTexts } from "../harness/peers.ts";
import { LOOK_MS, pump } from "../harness/pump.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { slowClock } from "../harness/slow-clock.ts";
import { TimedFeed } from "../harness/timed-feed.ts";
import { tmpFolder } from "../harness/tmp.ts";

const MINUTE_MS = 60_000;
const echo = (...numbers: number[]) => numbers.map((n) => `echo: text ${n}`);
const ids = (...numbers: number[]) => numbers.map((n) => row(n).id);

/** Settles all that is there, and gives what the log told. */
async function settle(platform: ScriptedPlatform, stateDir: string, backend = backendOf()) {
  const setup = { stateDir, backend, options: { once: true } };
  await using bridge = new TestBridge(platform.url, setup);
  expect(await bridge.ended).toBeUndefined();
  return bridge;
}

test("a message sent while the lid was closed, on a first run with an empty feed, is answered", async () => {
  await using platform = new ScriptedPlatform();
  const clock = new ManualClock(Date.now());
  const feed = new TimedFeed(platform, "r2", () => clock.now());
  await using bridge = new TestBridge(platform.url, {
    clock,
    options: { sinceSecs: 30, intervalMs: LOOK_MS },
  });
  await platform.untilCalled("activity", 1);
  await clock.untilSleeping((_, asked) => asked <= LOOK_MS);
  clock.suspend(10 * MINUTE_MS);
  const created_at = new Date(clock.now() - 5 * MINUTE_MS).toISOString();
  feed.add(row(1, { created_at }));
  await pump(clock, () => bridge.of("woke").length === 1, 1_000);
  // In small steps: on a busy machine seconds of this clock would pass while the answer is posted.
  await pump(clock, () => bridge.of("answered").length === 1);
  expect(sentTexts(platform)).toEqual(echo(1));
  expect(bridge.of("woke")).toHaveLength(1);
});

describe.each(["r1", "r2"] as const)("on revision %s", (revision) => {
  test("a lost cursor and an empty journal: what was settled is not run again, what is newer is", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    const feed = new TimedFeed(platform, revision);
    feed.add(row(1), row(2), row(3));
    await settle(platform, folder.path);
    for (const end of ["db", "db-wal", "db-shm"]) {
      rmSync(`${folder.path}/${WORKSPACE}.${end}`, { force: true });
    }
    feed.forget(...ids(1, 3));
    // One of them shares its time with the newest that was settled.
    feed.add(row(4, { created_at: row(3).created_at }), row(5));
    const bridge = await settle(platform, folder.path);
    expect(bridge.of("cursor-gone")).toHaveLength(1);
    expect(sentTexts(platform)).toEqual(echo(1, 2, 3, 4, 5));
    expect(bridge.of("skipped").map(({ activityId }) => activityId)).toEqual(ids(2));
  });

  test("a lost cursor and a full journal: what waited is run from it, what is newer from the feed", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    const feed = new TimedFeed(platform, revision);
    feed.add(row(1), row(2), row(3));
    await settle(platform, folder.path);
    const gate = Promise.withResolvers<void>();
    const backend = backendOf(async ({ text }) => {
      await gate.promise;
      return { kind: "answer", text: `echo: ${text}` };
    });
    await using bridge = new TestBridge(platform.url, { stateDir: folder.path, backend });
    await bridge.until("connected");
    feed.add(row(4), row(5));
    await bridge.until("taken");
    // Both are in the journal, one of them runs, and reading goes on from a row.
    const since = () => platform.calls("activity").at(-1)?.query.get("since_id");
    await platform.bell.until(() => ids(3, 4, 5).includes(since() ?? ""), "a look from a row on");
    const stopped = bridge.stop();
    gate.resolve();
    expect(await stopped).toBeUndefined();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, waiting: 1 }]);

    feed.forget(...ids(1, 3, 4, 5));
    feed.add(row(6));
    const next = await settle(platform, folder.path);
    expect(next.of("cursor-gone")).toHaveLength(1);
    expect(sentTexts(platform)).toEqual(echo(1, 2, 3, 4, 5, 6));
  });

  test("a row that is seen late, behind newer ones that were answered, is answered", async () => {
    await using platform = new ScriptedPlatform();
    const feed = new TimedFeed(platform, revision);
    await using bridge = new TestBridge(platform.url, { clock: slowClock() });
    const at = (ms: number) => ({
      created_at: new Date(Date.parse(row(3).created_at) + ms).toISOString(),
    });
    feed.add(row(1), row(2));
    const commit = feed.begin(row(3, at(-1_900)));
    const commitTie = feed.begin(row(4, at(0)));
    feed.add(row(5, at(0)));
    await bridge.until("answered", 3);
    await bridge.until("cursor-saved");
    commit();
    commitTie();
    await bridge.until("answered", 5);
    expect(sentTexts(platform).toSorted()).toEqual(echo(1, 2, 3, 4, 5));
    expect(await bridge.stop()).toBeUndefined();
    // Also the next start does not run any of it again.
    const next = await settle(platform, bridge.stateDir);
    expect(next.of("taken")).toEqual([]);
  });

  test("a row that is seen late after a restart is answered, too", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    const feed = new TimedFeed(platform, revision);
    feed.add(row(1), row(2));
    const at = new Date(Date.parse(row(5).created_at) - 1_900).toISOString();
    const commit = feed.begin(row(3, { created_at: at }));
    feed.add(row(5));
    await settle(platform, folder.path);
    commit();
    await settle(platform, folder.path);
    expect(sentTexts(platform)).toEqual(echo(1, 2, 5, 3));
  });

  test.each(["with a cursor", "without one"])(
    "many rows of one instant at a page's end are all answered once, %s",
    async (how) => {
      using folder = tmpFolder();
      await using platform = new ScriptedPlatform();
      const feed = new TimedFeed(platform, revision);
      feed.add(row(0));
      if (how === "with a cursor") await settle(platform, folder.path);
      const many = (from: number, count: number, at: (n: number) => number) => {
        for (let n = from; n < from + count; n++) {
          feed.add(row(n, { created_at: row(at(n)).created_at }));
        }
      };
      // Pages of 100 with a cursor, of 500 without: either ends in the middle of an instant.
      many(1, 60, (n) => n);
      many(61, 80, () => 61);
      many(141, 300, () => 62);
      many(441, 200, () => 63);
      many(641, 40, (n) => n);
      await settle(platform, folder.path);
      const sent = sentTexts(platform);
      expect(sent).toHaveLength(681);
      expect(new Set(sent).size).toBe(681);
    },
  );
});
