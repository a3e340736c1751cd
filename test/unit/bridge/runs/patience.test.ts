/** How long a reply is tried before it is given up. */
import { describe, expect, test } from "bun:test";
import { TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { deadLetters, keepNotice, refusal, replies, withStore } from "../support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The longest pause between two tries. */
const PAUSE_MS = MINUTE_MS;

/** A peer that does not take the answer to the first message. */
function asleep(): ScriptedPlatform {
  const platform = new ScriptedPlatform();
  return platform.on("a2a", ({ body }) =>
    body.params.message.parts[0].text === "echo: text 1" ? refusal(503, "asleep") : undefined,
  );
}

const options = { intervalMs: LOOK_MS };
const random = () => 0.9;

describe("a reply that its peer does not take", () => {
  test("is tried for 24 hours; then it is a dead letter, and the next ones of its peer go on", async () => {
    await using platform = asleep();
    platform.rows = [row(1), row(2)];
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock, random, options });
    await bridge.until("reply-retry");
    const tries = () => bridge.of("reply-retry").length;
    // Long enough by this process, and not yet by the clock on the wall.
    await pump(clock, () => clock.monotonic() > 15 * MINUTE_MS, 1_000, bridge);
    clock.suspend(23 * HOUR_MS);
    const before = tries();
    await pump(clock, () => tries() >= before + 3, 1_000, bridge);
    expect(bridge.of("reply-refused")).toEqual([]);
    clock.suspend(HOUR_MS);
    await pump(clock, () => bridge.of("answered").length === 1, 1_000, bridge);
    expect(bridge.of("reply-refused")[0]?.reason).toMatch(/asleep.*; tried for 24 h$/);
    expect(replies(platform).at(-1)).toBe("echo: text 2");
    expect(await deadLetters(bridge.stateDir)).toMatchObject([
      { id: row(1).id, undelivered: { kind: "answer" } },
    ]);
  });

  test("is tried for ten minutes more by a machine that slept for two days", async () => {
    await using platform = asleep();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock, random, options });
    await bridge.until("reply-retry");
    clock.suspend(48 * HOUR_MS);
    await pump(clock, () => bridge.of("reply-refused").length === 1, 1_000, bridge);
    expect(clock.monotonic()).toBeGreaterThan(10 * MINUTE_MS - 2 * PAUSE_MS);
    expect(clock.monotonic()).toBeLessThan(10 * MINUTE_MS + 2 * PAUSE_MS);
    // A bridge that is up for minutes is no reason to try on for ever.
    expect(replies(platform).length).toBeGreaterThan(10);
  });

  test("is tried for ten minutes by a bridge that starts two days later", async () => {
    using folder = tmpFolder();
    await using platform = asleep();
    await withStore(folder.path, (store) => keepNotice(store, row(1), "echo: text 1"));
    const clock = new ManualClock(Date.now() + 48 * HOUR_MS);
    const stateDir = folder.path;
    await using bridge = new TestBridge(platform.url, { clock, random, options, stateDir });
    await pump(clock, () => bridge.of("reply-retry").length >= 5, 1_000, bridge);
    expect(bridge.of("reply-refused")).toEqual([]);
    await pump(clock, () => bridge.of("reply-refused").length === 1, 1_000, bridge);
    expect(clock.monotonic()).toBeGreaterThan(10 * MINUTE_MS - 2 * PAUSE_MS);
  });
});
