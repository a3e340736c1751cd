import { describe, expect, test } from "bun:test";
import { Allowance } from "../../../src/bridge/allowance.ts";
import { TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";

const BEAT_MS = 30_000;

function shared(members: number, limit: number | "none" = 600) {
  const clock = new ManualClock();
  const allowance = new Allowance(clock);
  const leave = Array.from({ length: members }, () => allowance.join(BEAT_MS));
  allowance.learn(limit === "none" ? undefined : limit);
  return { clock, allowance, leave };
}

/** The calls of a minute of all members, as often as each may make them. */
function callsAMinute(members: number, { allowance }: { allowance: Allowance }): number {
  return members * (60_000 / allowance.beatMs(BEAT_MS) + 60_000 / allowance.idleMs);
}

describe("bridges that share a limit", () => {
  test.each([1, 2, 10, 50, 100])("%d of them stay under half of it", (members) => {
    expect(callsAMinute(members, shared(members))).toBeLessThanOrEqual(300);
  });

  test("200 do, too, by fewer heartbeats, but never so few that one looks offline", () => {
    const many = shared(200);
    expect(many.allowance.beatMs(BEAT_MS)).toBeGreaterThan(BEAT_MS);
    expect(callsAMinute(200, many)).toBeLessThanOrEqual(300);
    expect(shared(2_000).allowance.beatMs(BEAT_MS)).toBe(60_000);
  });

  test("have no bounds where the platform names no limit", () => {
    const { allowance } = shared(500, "none");
    for (let n = 0; n < 5_000; n++) allowance.count();
    expect([allowance.wait(), allowance.idleMs, allowance.beatMs(BEAT_MS)]).toEqual([
      0,
      0,
      BEAT_MS,
    ]);
  });

  test("have the room of one that left", () => {
    const { allowance, leave } = shared(100);
    const crowded = allowance.idleMs;
    for (const one of leave.slice(1)) one();
    expect(allowance.idleMs).toBeLessThan(crowded / 50);
  });

  test("leave when they end", async () => {
    const { allowance } = shared(50);
    const before = allowance.idleMs;
    await using platform = new ScriptedPlatform();
    const headers = { "x-ratelimit-limit": "600", "x-ratelimit-remaining": "600" };
    platform.on("register", () => Response.json({ status: "ok" }, { headers }));
    await using bridge = new TestBridge(platform.url, { allowance });
    await bridge.until("connected");
    expect(allowance.idleMs).toBeGreaterThan(before);
    await bridge.stop();
    allowance.learn(600);
    expect(allowance.idleMs).toBe(before);
  });

  test("wait for each other's calls, and no longer than a minute", async () => {
    const { allowance, clock } = shared(2);
    let made = 0;
    while (allowance.wait() === 0) {
      allowance.count();
      made += 1;
      await clock.advance(1);
    }
    expect(made).toBeGreaterThan(200);
    expect(made).toBeLessThanOrEqual(300);
    const waitMs = allowance.wait();
    expect(waitMs).toBeLessThanOrEqual(60_000);
    await clock.advance(waitMs);
    expect(allowance.wait()).toBe(0);
  });

  test("wait as long as it takes where the limit has become smaller", async () => {
    const { allowance, clock } = shared(1);
    for (let n = 0; n < 100; n++) {
      allowance.count();
      await clock.advance(100);
    }
    allowance.learn(40);
    await clock.advance(allowance.wait());
    expect(allowance.wait()).toBe(0);
  });
});
