import { expect, test } from "bun:test";
import { Naps } from "../../../src/bridge/naps.ts";
import { Saver } from "../../../src/bridge/saver.ts";
import { Watchdog } from "../../../src/bridge/watchdog.ts";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { EMPTY_CURSOR, type Cursor, type Store } from "../../../src/store/store.ts";
import { TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";

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

function saverOn(save: (cursor: Cursor) => Promise<void>) {
  const clock = new ManualClock();
  const events: BridgeEvent[] = [];
  const store = { saveCursor: save } as Store;
  const emit = (event: BridgeEvent) => void events.push(event);
  const saver = new Saver({ store, naps: new Naps(clock), random: () => 0.5, emit });
  return { clock, events, saver };
}

const cursor = (n: number): Cursor => ({ ...EMPTY_CURSOR, lastSinceId: String(n) });

test("saves that come while one is in flight are joined into one", async () => {
  const saved: (string | undefined)[] = [];
  const gate = Promise.withResolvers<void>();
  const { saver } = saverOn(async ({ lastSinceId }) => {
    saved.push(lastSinceId);
    await gate.promise;
  });
  const all = [1, 2, 3, 4].map((n) => saver.save(cursor(n)));
  gate.resolve();
  await Promise.all(all);
  expect(saved).toEqual(["1", "4"]);
});

test("a disk that fills up is told once, holds nothing up, and is tried again", async () => {
  let full = true;
  const saved: (string | undefined)[] = [];
  const { clock, events, saver } = saverOn(async ({ lastSinceId }) => {
    if (full) throw new Error("ENOSPC");
    saved.push(lastSinceId);
  });
  await saver.save(cursor(1));
  await saver.save(cursor(2));
  await clock.untilSleeping();
  await clock.advance(5_000);
  expect(events.map((e) => e.type)).toEqual(["save-failed"]);
  full = false;
  await saver.save(cursor(3));
  await clock.untilSleeping();
  await clock.advance(60_000);
  await saver.close();
  expect(saved).toEqual(["3"]);
  expect(events.map((e) => e.type)).toEqual(["save-failed", "save-recovered"]);
});

test("a disk that does not answer does not keep the bridge from ending", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const clock = new ManualClock();
  let hang = false;
  await using bridge = new TestBridge(platform.url, {
    clock,
    store: (store) => ({
      loadCursor: () => store.loadCursor(),
      loadToken: () => store.loadToken(),
      saveToken: (token) => store.saveToken(token),
      saveCursor: (cursor) => (hang ? new Promise<void>(() => {}) : store.saveCursor(cursor)),
    }),
  });
  await bridge.until("connected");
  hang = true;
  await bridge.until("answered");
  const ended = bridge.stop();
  // The grace, and the waits for the work (twice) and for the disk.
  for (let wait = 0; wait < 4; wait++) {
    await clock.advance(await clock.untilSleeping((ms) => ms <= 5_000 && ms > 1_000));
  }
  expect(await ended).toMatchObject({ exitCode: 1 });
});

test("what can't be saved to the last is an error at the end", async () => {
  const { saver } = saverOn(() => Promise.reject(new Error("ENOSPC")));
  await saver.save(cursor(1));
  await expect(saver.close()).rejects.toThrow("ENOSPC");
});
