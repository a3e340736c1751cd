import { expect, test } from "bun:test";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { Naps } from "../../../../src/bridge/naps.ts";
import { Saver } from "../../../../src/bridge/feed/saver.ts";
import { EMPTY_CURSOR, type Cursor, type Place } from "../../../../src/store/store.ts";
import { changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";

const place = (n: number): Place => ({ id: `r${n}`, at: `2026-01-01T00:00:0${n}.000000000Z` });

function saverOn(save: (cursor: Cursor) => Promise<void>, cursor: Partial<Cursor> = {}) {
  const clock = new ManualClock();
  const events: BridgeEvent[] = [];
  const now: { watermark: Place | undefined; anchor: Place | undefined } = {
    watermark: undefined,
    anchor: undefined,
  };
  const saver = new Saver(
    {
      store: { saveCursor: save, journal: { watermark: async () => now.watermark } },
      anchor: () => now.anchor,
      naps: new Naps(clock),
      random: () => 0.5,
      emit: (event) => void events.push(event),
    },
    { ...EMPTY_CURSOR, ...cursor },
  );
  const settle = (n: number) => {
    now.watermark = place(n);
    saver.touch();
  };
  return { clock, events, now, saver, settle };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

test("what is settled while a save is in flight goes into one more", async () => {
  const saved: (string | undefined)[] = [];
  const gate = Promise.withResolvers<void>();
  const { saver, settle } = saverOn(async ({ lastSinceId }) => {
    saved.push(lastSinceId);
    await gate.promise;
  });
  settle(1);
  await tick();
  for (const n of [2, 3, 4]) settle(n);
  const closing = saver.close();
  gate.resolve();
  await closing;
  expect(saved).toEqual(["r1", "r4"]);
});

test("while much is settled, it is saved now and then", async () => {
  const saved: (string | undefined)[] = [];
  const { clock, saver, settle } = saverOn(async ({ lastSinceId }) => void saved.push(lastSinceId));
  settle(1);
  const pause = await clock.untilSleeping();
  for (const n of [2, 3, 4]) settle(n);
  await clock.advance(pause - 1);
  expect(saved).toEqual(["r1"]);
  await clock.advance(1);
  expect(saved).toEqual(["r1", "r4"]);
  await saver.close();
});

test("what is the same as before is not written again", async () => {
  const saved: Cursor[] = [];
  const { clock, events, saver, settle } = saverOn(async (cursor) => void saved.push(cursor));
  settle(1);
  await clock.advance(await clock.untilSleeping());
  settle(1);
  await tick();
  await saver.close();
  expect(saved.length).toBe(1);
  expect(events).toEqual([{ type: "cursor-saved", id: "r1" }]);
});

test("where reading starts is saved beside the cursor as long as it lies before it", async () => {
  const saved: Cursor[] = [];
  const { clock, now, saver, settle } = saverOn(async (cursor) => void saved.push(cursor));
  now.anchor = place(2);
  settle(3);
  const pause = await clock.untilSleeping();
  now.anchor = place(3);
  await clock.advance(pause);
  settle(3);
  await tick();
  await saver.close();
  expect(saved.map(({ fetchFromId }) => fetchFromId)).toEqual(["r2", undefined]);
  expect(saved[1]).toMatchObject({ lastSinceId: "r3", settled: place(3) });
});

test("a journal that knows of nothing yet takes no cursor away", async () => {
  const before = { lastSinceId: "r9", settled: place(9), windowStart: "2026-01-01T00:00:00Z" };
  const saved: Cursor[] = [];
  const { saver } = saverOn(async (cursor) => void saved.push(cursor), before);
  saver.touch();
  await saver.close();
  expect(saved).toEqual([]);
  expect(saver.cursor).toMatchObject(before);
});

test("a disk that fills up is told once, and tried again until it has room", async () => {
  let full = true;
  const saved: (string | undefined)[] = [];
  const { clock, events, saver, settle } = saverOn(async ({ lastSinceId }) => {
    if (full) throw new Error("ENOSPC");
    saved.push(lastSinceId);
  });
  settle(1);
  await clock.untilSleeping();
  settle(2);
  await clock.advance(5_000);
  expect(events.map((e) => e.type)).toEqual(["save-failed"]);
  full = false;
  await clock.untilSleeping();
  await clock.advance(60_000);
  await saver.close();
  expect(saved).toEqual(["r2"]);
  expect(events.map((e) => e.type)).toEqual(["save-failed", "cursor-saved", "save-recovered"]);
});

test("what can't be saved to the last is an error at the end", async () => {
  const { saver, settle } = saverOn(() => Promise.reject(new Error("ENOSPC")));
  settle(1);
  await tick();
  await expect(saver.close()).rejects.toThrow("ENOSPC");
});

test("a disk that does not answer does not keep the bridge from ending", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const clock = new ManualClock();
  let hang = false;
  await using bridge = new TestBridge(platform.url, {
    clock,
    store: (store) =>
      changed(store, {
        saveCursor: (cursor) => (hang ? new Promise<void>(() => {}) : store.saveCursor(cursor)),
      }),
  });
  await bridge.until("connected");
  hang = true;
  await bridge.until("answered");
  const ended = bridge.stop();
  // The grace, and the waits for the work and for the disk.
  await clock.advanceUntil(() => bridge.of("stopped").length === 1, 100);
  expect(await ended).toMatchObject({ exitCode: 1 });
});
