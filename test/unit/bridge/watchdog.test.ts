import { expect, test } from "bun:test";
import { Watchdog } from "../../../src/bridge/watchdog.ts";
import { TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";

function watched(maxOfflineMs?: number) {
  const clock = new ManualClock();
  const watchdog = new Watchdog(clock);
  const stop = new AbortController();
  const run = watchdog.run({ maxOfflineMs, emit: () => {}, onWake: () => {} }, stop.signal);
  const end = run.then(
    () => "ended",
    (error: unknown) => error,
  );
  return { clock, watchdog, stop, end };
}

test("a loop that is silent past its word ends the run", async () => {
  const { clock, watchdog, end } = watched();
  watchdog.expect("intake", 3_000);
  await clock.advance(2_900);
  watchdog.expect("intake", 3_000);
  await clock.advance(4_500);
  expect(await end).toMatchObject({ exitCode: 1, message: expect.stringContaining("intake") });
});

test("the platform is away where it answers neither this call nor any within ten minutes", async () => {
  const clock = new ManualClock();
  const watchdog = new Watchdog(clock);
  watchdog.contact();
  await clock.advance(600_000);
  expect(watchdog.answers(undefined)).toBe(true);
  await clock.advance(1);
  expect([watchdog.answers(undefined), watchdog.answers(503)]).toEqual([false, true]);
});

test("a loop that ended in a known way is not waited for", async () => {
  const { clock, watchdog, stop, end } = watched();
  watchdog.expect("intake", 1_000);
  watchdog.dismiss("intake");
  await clock.advance(10_000);
  stop.abort();
  expect(await end).toBe("ended");
});

test("a platform that is away for longer than --max-offline ends the run with exit 4", async () => {
  const { clock, watchdog, end } = watched(5_000);
  await clock.advance(4_000);
  watchdog.contact();
  await clock.advance(4_000);
  await clock.advance(3_000);
  expect(await end).toMatchObject({ exitCode: 4 });
});

test("sleep is no hang: time that the machine slept does not count", async () => {
  const { clock, watchdog, stop, end } = watched(5_000);
  watchdog.expect("intake", 3_000);
  clock.suspend(8 * 3_600_000);
  await clock.advance(2_000);
  stop.abort();
  expect(await end).toBe("ended");
});

test("standing still is no hang: a stopped process can't keep its word", async () => {
  const { clock, watchdog, stop, end } = watched(60_000);
  watchdog.expect("intake", 3_000);
  await clock.untilSleeping();
  clock.stall(3_600_000);
  await clock.advance(2_000);
  await clock.advance(500);
  stop.abort();
  expect(await end).toBe("ended");
});

test("after the machine slept, a heartbeat and a fetch follow at once", async () => {
  await using platform = new ScriptedPlatform();
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, {
    clock,
    options: { intervalMs: 500_000, heartbeatMs: 400_000 },
  });
  await platform.untilCalled("heartbeat");
  await clock.untilSleeping((ms) => ms > 450_000);
  await clock.untilSleeping((ms) => ms > 300_000 && ms < 450_000);
  const before = [platform.calls("heartbeat").length, platform.calls("activity").length];
  clock.suspend(3_600_000);
  await clock.advance(1_000);
  await platform.untilCalled("heartbeat", (before[0] ?? 0) + 1);
  await platform.untilCalled("activity", (before[1] ?? 0) + 1);
  expect(bridge.of("woke")[0]?.asleepMs).toBeGreaterThan(3_599_000);
});

test("which loop is overdue can be asked by who looks at the bridge", async () => {
  const clock = new ManualClock();
  const watchdog = new Watchdog(clock);
  watchdog.expect("intake", 5_000);
  watchdog.expect("heartbeat", 50_000);
  await clock.advance(5_000);
  expect(watchdog.overdue()).toBeUndefined();
  await clock.advance(1);
  expect(watchdog.overdue()).toBe("intake");
  watchdog.dismiss("intake");
  expect(watchdog.overdue()).toBeUndefined();
});

test("a bridge shows its watchdog to who asks for it", async () => {
  await using platform = new ScriptedPlatform();
  let look: (() => string | undefined) | undefined;
  await using bridge = new TestBridge(platform.url, { onWatch: (overdue) => (look = overdue) });
  await bridge.until("connected");
  expect(look?.()).toBeUndefined();
  await bridge.stop();
});
