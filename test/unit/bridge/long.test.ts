/** What takes long without hanging: a run, a disk that stays full. */
import { expect, test } from "bun:test";
import type { Outcome } from "../../../src/backends/backend.ts";
import { backendOf, changed, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { Bell } from "../../harness/wait.ts";
import { diskFull, replies } from "./support.ts";

test("with --once, a run of many minutes is waited for", async () => {
  await using server = new ScriptedPlatform();
  server.rows = [row(1)];
  const clock = new ManualClock();
  const run = Promise.withResolvers<Outcome>();
  const backend = backendOf(() => run.promise, { timeoutMs: 1_800_000 });
  const bell = new Bell();
  let empty = 0;
  await using bridge = new TestBridge(server.url, {
    clock,
    backend,
    // The beats are what the test counts time by.
    options: { once: true, progress: "off" },
    platform: (client) =>
      changed(client, {
        activity: async (query, options) => {
          const rows = await client.activity(query, options);
          if (rows.length === 0) empty += 1;
          bell.ring();
          return rows;
        },
      }),
  });
  await bridge.until("taken");
  // It would be read again until it is old enough to read on from.
  server.rows = [];
  const looked = bell.until(() => empty > 0, "a page without anything new");
  await clock.advanceUntil(() => empty > 0);
  await looked;
  // What the intake does with the page needs no more than this.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  // Heartbeats may be lost on the way, but nothing else may be missed.
  for (let beats = 0; beats < 20; beats++) {
    await clock.untilSleeping((ms) => ms > 20_000 && ms <= 30_000);
    await clock.advance(30_000);
  }
  expect(bridge.of("stopped")).toEqual([]);
  run.resolve({ kind: "answer", text: "at last" });
  // The end of the backlog is looked for once more.
  await clock.advanceUntil(() => bridge.of("stopped").length === 1);
  expect(await bridge.ended).toBeUndefined();
  expect(replies(server)).toEqual(["at last"]);
});

test("a disk that is full for ten minutes does not end the bridge, and heartbeats go on", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const clock = new ManualClock();
  let isFull = true;
  let tries = 0;
  await using bridge = new TestBridge(platform.url, {
    clock,
    store: (store) =>
      changed(store, {
        journal: changed(store.journal, {
          admit: async (rows, anchor) => {
            tries += 1;
            if (isFull) throw diskFull();
            return store.journal.admit(rows, anchor);
          },
        }),
      }),
  });
  await bridge.until("save-failed");
  const beats = platform.calls("heartbeat").length;
  for (let n = 1; n <= 20; n++) {
    await clock.untilSleeping((ms) => ms > 20_000 && ms <= 30_000);
    await clock.advance(30_000);
    await platform.untilCalled("heartbeat", beats + n);
  }
  expect(clock.monotonic()).toBeGreaterThanOrEqual(600_000);
  expect(bridge.of("stopped")).toEqual([]);
  expect(tries).toBeGreaterThan(10);
  isFull = false;
  await clock.advanceUntil(() => bridge.of("answered").length === 1, 100);
  expect(bridge.of("save-failed").length).toBe(1);
  expect(bridge.of("save-recovered").length).toBe(1);
  expect(await bridge.stop()).toBeUndefined();
});
