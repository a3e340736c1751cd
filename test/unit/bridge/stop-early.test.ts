/** Signals that come at an unusual time, and work that does not heed them. */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../src/backends/backend.ts";
import { backendOf, changed, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { Bell } from "../../harness/wait.ts";
import { diskFull, enter, leaveOpen, withStore } from "./support.ts";

test("a signal that comes while the start is looked for drains as any other", async () => {
  using folder = tmpFolder();
  await withStore(folder.path, async (store) => {
    await leaveOpen(store);
    await enter(store, row(2));
  });
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2), row(3)];
  const clock = new ManualClock();
  const backend = backendOf();
  await using bridge = new TestBridge(platform.url, {
    clock,
    backend,
    stateDir: folder.path,
    options: { graceMs: 7_000 },
    store: (store) =>
      changed(store, {
        loadCursor: async () => {
          void bridge.stop();
          return store.loadCursor();
        },
        outbox: changed(store.outbox, {
          // It is asked first of all, and tried until it succeeds or the grace is over.
          peerMode: () => Promise.reject(diskFull()),
        }),
      }),
  });
  await clock.untilSleeping((ms) => ms === 7_000);
  expect(bridge.of("draining")).toEqual([{ type: "draining", running: 0, graceMs: 7_000 }]);
  await clock.advance(7_000);
  await clock.advanceUntil(() => bridge.of("stopped").length === 1, 100);
  expect(await bridge.ended).toMatchObject({ hint: expect.stringContaining("next start") });
  expect(backend.requests).toEqual([]);
  expect(bridge.of("stopped")).toMatchObject([{ settled: 0, replies: 1 }]);
});

describe("without a grace time, a backend that does not end", () => {
  const deaf = () => backendOf(() => new Promise<Outcome>(() => {}));

  test("is left behind after the last wait", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    const options = { graceMs: 0 };
    await using bridge = new TestBridge(platform.url, { clock, backend: deaf(), options });
    await bridge.until("taken");
    const stopped = bridge.stop();
    await clock.advanceUntil(() => bridge.of("stopped").length === 1, 100);
    expect(await stopped).toBeUndefined();
    expect(clock.monotonic()).toBeGreaterThanOrEqual(5_000);
  });

  test("is left behind also where the grace is over before the intake has ended", async () => {
    await using server = new ScriptedPlatform();
    server.rows = [row(1)];
    const clock = new ManualClock();
    const bell = new Bell();
    const release = Promise.withResolvers<unknown[]>();
    let isHeld = false;
    await using bridge = new TestBridge(server.url, {
      clock,
      backend: deaf(),
      options: { graceMs: 0 },
      platform: (client) =>
        changed(client, {
          activity: (query, options) => {
            if (bridge.of("taken").length === 0) return client.activity(query, options);
            isHeld = true;
            bell.ring();
            return release.promise;
          },
        }),
    });
    await bridge.until("taken");
    const held = bell.until(() => isHeld, "a fetch that hangs");
    await clock.advanceUntil(() => isHeld);
    await held;
    const stopped = bridge.stop();
    // The cut comes while the feed does not answer.
    await clock.advance(1);
    release.resolve([]);
    await clock.advanceUntil(() => bridge.of("stopped").length === 1, 100);
    expect(await stopped).toBeUndefined();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, waiting: 1 }]);
  });
});
