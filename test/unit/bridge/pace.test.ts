import { describe, expect, test } from "bun:test";
import { Allowance } from "../../../src/bridge/allowance.ts";
import { Naps } from "../../../src/bridge/naps.ts";
import { Pace } from "../../../src/bridge/pace.ts";
import { Watchdog } from "../../../src/bridge/watchdog.ts";
import type { RateLimit } from "../../../src/platform/platform.ts";
import { backendOf, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";

const NEVER = new AbortController().signal;

function paceOf(rate: RateLimit | undefined) {
  const clock = new ManualClock();
  const said = { rate };
  const pace = new Pace({
    platform: { rateLimit: () => said.rate },
    allowance: new Allowance(clock),
    clock,
    naps: new Naps(clock),
    watchdog: new Watchdog(clock),
  });
  return { clock, pace, said };
}

async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe("fetches", () => {
  test("stay under half of the platform's limit in every minute", async () => {
    const { clock, pace } = paceOf({ limit: 100, remaining: 100 });
    const made: number[] = [];
    const fetching = (async () => {
      for (let n = 0; n < 130; n++) {
        await pace.beforeFetch(NEVER);
        made.push(clock.monotonic());
        await clock.sleep(100);
      }
    })();
    while (made.length < 130) await clock.advance(await clock.untilSleeping());
    await clock.advance(100);
    await fetching;
    for (const at of made) {
      expect(made.filter((one) => one >= at && one < at + 60_000).length).toBeLessThanOrEqual(40);
    }
    // And they go on as soon as they may.
    expect(clock.monotonic()).toBeLessThan(4 * 60_000);
  });

  test("of a platform that names no limit have none", async () => {
    const { pace } = paceOf(undefined);
    for (let n = 0; n < 5_000; n++) await pace.beforeFetch(NEVER);
  });

  test("have at least one a minute, however small the limit is", async () => {
    const { clock, pace } = paceOf({ limit: 3, remaining: 0 });
    await pace.beforeFetch(NEVER);
    const second = pace.beforeFetch(NEVER);
    expect(await isDone(second)).toBe(false);
    await clock.advance(60_000);
    await second;
  });

  test("are not waited for by a bridge that stops", async () => {
    const { pace } = paceOf({ limit: 3, remaining: 0 });
    const stop = new AbortController();
    await pace.beforeFetch(stop.signal);
    const second = pace.beforeFetch(stop.signal);
    stop.abort();
    await second;
  });
});

describe("answers", () => {
  test("leave the last of the limit to heartbeats", async () => {
    const { clock, pace, said } = paceOf({ limit: 600, remaining: 31 });
    expect(await isDone(pace.beforeAnswer(NEVER))).toBe(true);
    said.rate = { limit: 600, remaining: 30 };
    const answer = pace.beforeAnswer(NEVER);
    expect(await isDone(answer)).toBe(false);
    said.rate = { limit: 600, remaining: 600 };
    await clock.advance(1_000);
    await answer;
  });

  test("wait for a minute at most: by then the limit is another", async () => {
    const { clock, pace } = paceOf({ limit: 600, remaining: 0 });
    const answer = pace.beforeAnswer(NEVER);
    await clock.untilSleeping();
    await clock.advance(58_000);
    expect(await isDone(answer)).toBe(false);
    await clock.advance(3_000);
    await answer;
  });

  test("of a platform that names no limit do not wait", async () => {
    expect(await isDone(paceOf(undefined).pace.beforeAnswer(NEVER))).toBe(true);
  });
});

test("the limit that the platform names in its answers is the one that is kept", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const rate = (remaining: number) => ({
    headers: { "x-ratelimit-limit": "60", "x-ratelimit-remaining": String(remaining) },
  });
  platform.on("heartbeat", () => Response.json({ status: "ok" }, rate(50)));
  platform.on("activity", () => Response.json([], rate(50)));
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, {
    clock,
    backend: backendOf(),
    options: { intervalMs: 10, heartbeatMs: 600_000 },
  });
  await bridge.until("connected");
  // Half of 60, less the room for others, spread over the minute; the first come before the limit is named.
  const slow = (ms: number) => ms > 3_000 && ms < 5_000;
  for (let looks = 0; looks < 30 && clock.monotonic() < 60_000; looks++) {
    await clock.advance(await clock.untilSleeping((ms) => ms <= 10 || slow(ms)));
  }
  expect(platform.calls("activity").length).toBeLessThanOrEqual(20);
  expect(platform.calls("activity").length).toBeGreaterThan(12);
});

describe("calls that nobody waits for", () => {
  test("take half of what reading may take, and count as reading does", async () => {
    const { clock, pace } = paceOf({ limit: 100, remaining: 100 });
    const made = Array.from({ length: 30 }, () => pace.spare());
    expect(made.filter((spare) => spare).length).toBe(20);
    for (let n = 0; n < 20; n++) expect(await isDone(pace.beforeFetch(NEVER))).toBe(true);
    const fetching = pace.beforeFetch(NEVER);
    expect(await isDone(fetching)).toBe(false);
    expect(pace.spare()).toBe(false);
    await clock.advance(60_000);
    await fetching;
    expect(pace.spare()).toBe(true);
  });

  test("have no limit where the platform names none", () => {
    const { pace } = paceOf(undefined);
    expect(Array.from({ length: 1_000 }, () => pace.spare()).every((spare) => spare)).toBe(true);
  });
});
