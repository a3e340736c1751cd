/** How a workspace is, from what its bridge tells. */
import { describe, expect, test } from "bun:test";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { Monitor, type Watched } from "../../../src/observe/monitor.ts";
import { ManualClock } from "../../harness/clock.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import * as told from "./support.ts";

const START = Date.UTC(2026, 0, 1);
const SINCE = "(since 2026-01-01T00:00:00Z)";

function watch(more: Partial<Watched> = {}, events: BridgeEvent[] = [told.connected]) {
  const clock = new ManualClock(START);
  const monitor = new Monitor(
    { workspaceId: WORKSPACE, backend: "mock", mode: "poll", ...more },
    clock,
  );
  for (const event of events) monitor.hear(event);
  const failing = () => monitor.checks().filter(({ reason }) => reason !== undefined);
  return { clock, monitor, failing };
}

test("it starts, waits for another bridge, is connected, stops, and has stopped", () => {
  const { monitor } = watch({}, []);
  const states: string[] = [monitor.status().state];
  const events: BridgeEvent[] = [
    { type: "lock-waiting", holder: undefined },
    told.connected,
    told.heartbeatFailed(),
    told.beat,
    { type: "draining", running: 0, graceMs: 1 },
    told.stopped,
  ];
  for (const event of events) {
    monitor.hear(event);
    states.push(monitor.status().state);
  }
  expect(states).toEqual([
    "starting",
    "waiting",
    "connected",
    "troubled",
    "connected",
    "draining",
    "stopped",
  ]);
});

test("times are of the last of their kind, by the wall", async () => {
  const { clock, monitor } = watch();
  await clock.advance(1_000);
  monitor.hear(told.beat);
  await clock.advance(1_000);
  monitor.hear(told.looked);
  await clock.advance(1_000);
  monitor.hear(told.taken("a"));
  expect(monitor.status()).toMatchObject({
    connectedAt: START,
    lastBeatAt: START + 1_000,
    lastLookAt: START + 2_000,
    lastMessageAt: START + 3_000,
  });
});

test("what runs is counted until it has ended", () => {
  const { monitor } = watch();
  monitor.hear(told.taken("a"));
  monitor.hear(told.taken("b"));
  expect(monitor.status().running).toBe(2);
  monitor.hear(told.ran("a"));
  expect(monitor.status().running).toBe(1);
  monitor.hear(told.ran("b"));
  expect(monitor.status().running).toBe(0);
});

describe("troubles", () => {
  const CASES: [begin: BridgeEvent, clause: string, end: BridgeEvent][] = [
    [told.heartbeatFailed("away"), "heartbeats fail: away", told.beat],
    [told.feedFailed("away"), "the feed can't be read: away", told.looked],
    [told.paused("no credit"), "the backend can't work: no credit", { type: "backend-resumed" }],
    [
      { type: "journal-full", waiting: 1, deadLetters: 1, bytes: 1 },
      "the journal is full, so nothing more is fetched",
      { type: "journal-room", afterMs: 1 },
    ],
    [
      { type: "save-failed", reason: "no space left", hint: undefined, inMs: 1 },
      "progress can't be saved: no space left",
      { type: "save-recovered", failures: 1 },
    ],
    [
      { type: "token-refused", origin: "a file", waitMs: 1 },
      "the platform refuses the token from a file",
      { type: "token-changed", origin: "a file" },
    ],
    [
      { type: "budget-spent", spentUsd: 5, limitUsd: 5, inMs: 1 },
      "the day's budget is spent",
      { type: "budget-renewed", limitUsd: 5 },
    ],
    [
      { type: "push-doubt", reason: "nothing answers there" },
      "pushed messages may not arrive: nothing answers there",
      { type: "push-reached", address: "https://a.example" },
    ],
  ];

  test.each(CASES.map(([begin, clause, end]) => [clause, begin, end] as const))(
    "%s",
    (clause, begin, end) => {
      const { monitor } = watch();
      monitor.hear(begin);
      expect(monitor.status()).toMatchObject({
        state: "troubled",
        troubles: [`${clause} ${SINCE}`],
      });
      monitor.hear(end);
      expect(monitor.status()).toMatchObject({ state: "connected", troubles: [] });
    },
  );

  test("an event stream that is away is none: looking serves", () => {
    const { monitor } = watch();
    monitor.hear({ type: "wake", state: "away", reason: "502", inMs: 1_000 });
    expect(monitor.status()).toMatchObject({ state: "connected", troubles: [], wake: "away" });
  });

  test("come with the time of their beginning, and the worst first", async () => {
    const { clock, monitor } = watch();
    monitor.hear(told.feedFailed("one"));
    await clock.advance(30_000);
    monitor.hear(told.feedFailed("two"));
    monitor.hear(told.paused());
    expect(monitor.status().troubles).toEqual([
      "the backend can't work: not logged in (since 2026-01-01T00:00:30Z)",
      `the feed can't be read: two ${SINCE}`,
    ]);
  });

  test("of an earlier try are forgotten at the next", () => {
    const { monitor } = watch();
    monitor.hear(told.paused());
    monitor.lifecycle({ state: "starting" });
    expect(monitor.status()).toMatchObject({ state: "starting", troubles: [] });
    monitor.hear(told.connected);
    expect(monitor.status()).toMatchObject({ state: "connected", troubles: [] });
  });

  test("hold one line of bounded length, whatever the reason", () => {
    const { monitor } = watch();
    monitor.hear(told.paused(`a\nb\u001b[31m${"x".repeat(10_000)}`));
    const [clause = ""] = monitor.status().troubles;
    expect(clause.length).toBeLessThan(400);
    expect(clause).not.toMatch(/[\n\u001b]/);
  });
});

describe("freshness", () => {
  test("a feed that was not read for a minute is stale", async () => {
    const { clock, monitor, failing } = watch();
    monitor.hear(told.looked);
    await clock.advance(30_000);
    monitor.hear(told.beat);
    await clock.advance(30_000);
    expect(failing()).toEqual([]);
    await clock.advance(1_000);
    expect(failing()).toEqual([{ name: "feed", reason: "the feed was not read for 1 min 1 s" }]);
    expect(monitor.status()).toMatchObject({ state: "troubled" });
  });

  test("one that is looked at seldom is given three of its pauses", async () => {
    const { clock, monitor, failing } = watch({ intervalMs: 60_000 });
    monitor.hear(told.looked);
    for (let i = 0; i < 4; i++) {
      await clock.advance(45_000);
      monitor.hear(told.beat);
    }
    expect(failing()).toEqual([]);
    await clock.advance(1_000);
    expect(failing()).toMatchObject([{ name: "feed" }]);
  });

  test("a heartbeat counts for three pauses, and never longer than with the platform", async () => {
    const usual = watch();
    usual.monitor.hear(told.beat);
    await usual.clock.advance(90_000);
    usual.monitor.hear(told.looked);
    expect(usual.failing()).toEqual([]);
    await usual.clock.advance(1);
    expect(usual.failing()).toEqual([
      { name: "heartbeat", reason: "no heartbeat was taken for 1 min 30 s" },
    ]);
    const quick = watch({ heartbeatMs: 10_000 });
    quick.monitor.hear(told.beat);
    await quick.clock.advance(30_001);
    expect(quick.failing()).toMatchObject([{ name: "heartbeat" }]);
    const slow = watch({ heartbeatMs: 300_000 });
    slow.monitor.hear(told.beat);
    await slow.clock.advance(90_001);
    slow.monitor.hear(told.looked);
    expect(slow.failing()).toMatchObject([{ name: "heartbeat" }]);
  });

  test("the reason that was told says more than the silence", async () => {
    const { clock, monitor, failing } = watch();
    monitor.hear(told.heartbeatFailed("no route"));
    monitor.hear(told.feedFailed("no route"));
    await clock.advance(100_000);
    expect(failing()).toEqual([
      { name: "feed", reason: `the feed can't be read: no route ${SINCE}` },
      { name: "heartbeat", reason: `heartbeats fail: no route ${SINCE}` },
    ]);
  });

  test("time asleep is nobody's silence", () => {
    const { clock, monitor, failing } = watch();
    monitor.hear(told.beat);
    monitor.hear(told.looked);
    clock.suspend(8 * 3_600_000);
    expect(failing()).toEqual([]);
  });

  test("pushed messages need no feed", async () => {
    const { clock, monitor, failing } = watch({ mode: "push" });
    await clock.advance(80_000);
    expect(failing()).toEqual([]);
    expect(monitor.checks().map(({ name }) => name)).toEqual([
      "registered",
      "heartbeat",
      "backend",
    ]);
  });

  test("a failed heartbeat alone is no staleness yet", async () => {
    const { clock, monitor, failing } = watch();
    monitor.hear(told.beat);
    await clock.advance(30_000);
    monitor.hear(told.heartbeatFailed());
    monitor.hear(told.looked);
    expect(failing()).toEqual([]);
  });
});

test("a backend that can't work is not ready", () => {
  const { monitor, failing } = watch();
  monitor.hear(told.paused());
  expect(failing()).toEqual([
    { name: "backend", reason: `the backend can't work: not logged in ${SINCE}` },
  ]);
  expect(monitor.isPaused).toBe(true);
});

test("what is not registered is asked for nothing else", () => {
  const { monitor } = watch({}, []);
  expect(monitor.checks()).toEqual([
    { name: "registered", reason: "it is not registered with the platform yet" },
  ]);
});

test("a failure is told with its reason and the time of the next try", () => {
  const { monitor } = watch();
  monitor.hear(told.stopped);
  monitor.lifecycle({
    state: "failed",
    error: new Error("no route"),
    exitCode: 1,
    retryAt: START + 5_000,
    inMs: 5,
  });
  expect(monitor.status()).toMatchObject({
    state: "failed",
    troubles: ["no route"],
    retryAt: START + 5_000,
  });
  expect(monitor.checks()).toEqual([{ name: "registered", reason: "no route" }]);
  monitor.lifecycle({ state: "starting" });
  expect(monitor.status()).toMatchObject({ state: "starting", troubles: [], retryAt: undefined });
});

test("an end is a failure only with an error", () => {
  const { monitor } = watch();
  monitor.lifecycle({ state: "ended", error: undefined, exitCode: 0 });
  expect(monitor.status().state).toBe("stopped");
  monitor.lifecycle({ state: "ended", error: new Error("removed"), exitCode: 1 });
  expect(monitor.status()).toMatchObject({ state: "failed", troubles: ["removed"] });
});

describe("a loop that is overdue", () => {
  test("is the heartbeat's, after longer than the watchdog allows", async () => {
    const { clock, monitor } = watch();
    await clock.advance(180_000);
    expect(monitor.overdue()).toBeUndefined();
    await clock.advance(1);
    expect(monitor.overdue()).toBe(
      `the heartbeat loop of ${WORKSPACE} has not been heard of for 3 min`,
    );
    // It failed: so it is there.
    monitor.hear(told.heartbeatFailed());
    expect(monitor.overdue()).toBeUndefined();
  });

  test("is none before it is connected, after the heartbeats have ended, and at the end", async () => {
    const { clock, monitor } = watch({}, []);
    await clock.advance(1_000_000);
    expect(monitor.overdue()).toBeUndefined();
    for (const end of [
      { type: "heartbeat-ended", reason: "410", hint: undefined } as const,
      told.stopped,
    ]) {
      monitor.hear(told.connected);
      monitor.hear(end);
      await clock.advance(1_000_000);
      expect(monitor.overdue()).toBeUndefined();
    }
  });

  test("is none after the process stood still", () => {
    const { clock, monitor } = watch();
    clock.stall(1_000_000);
    monitor.hear({ type: "woke", asleepMs: 1_000_000 });
    expect(monitor.overdue()).toBeUndefined();
  });
});

test("a status is the same until something happens, however long that takes", async () => {
  const { clock, monitor } = watch();
  monitor.hear(told.feedFailed());
  const before = monitor.status();
  await clock.advance(50_000);
  expect(monitor.status()).toEqual(before);
});
