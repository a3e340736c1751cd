import { describe, expect, test } from "bun:test";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { Naps } from "../../../../src/bridge/naps.ts";
import { Turns } from "../../../../src/bridge/runs/turns.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { canvas, once, other } from "../support.ts";

const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;

function turnsOf(limit: number, once = false) {
  const clock = new ManualClock();
  const events: BridgeEvent[] = [];
  const runs = new Map<string, number[]>();
  const journal = {
    runsSince: async (lane: string, sinceMs: number) =>
      (runs.get(lane) ?? []).filter((at) => at >= sinceMs).sort((a, b) => a - b),
  };
  const emit = (event: BridgeEvent) => void events.push(event);
  const keeper = { do: <T>(read: () => Promise<T>) => read() };
  const turns = new Turns({ journal, keeper, clock, naps: new Naps(clock), emit }, limit, once);
  const ran = (lane: string, agoMs: number) =>
    runs.set(lane, [...(runs.get(lane) ?? []), clock.now() - agoMs]);
  return { clock, events, turns, ran };
}

/** Whether the promise has resolved once all that is ready has run. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe("runs of a peer", () => {
  test("up to the limit may begin at once; the next waits until the oldest is an hour ago", async () => {
    const { clock, events, turns, ran } = turnsOf(2);
    ran(PEER, 40 * 60_000);
    expect(await isDone(turns.wait(PEER, NEVER))).toBe(true);
    ran(PEER, 10 * 60_000);
    const third = turns.wait(PEER, NEVER);
    expect(await isDone(third)).toBe(false);
    expect(events).toEqual([{ type: "turn-limit", from: PEER, limit: 2, inMs: 20 * 60_000 }]);
    await clock.advance(20 * 60_000 - 2);
    expect(await isDone(third)).toBe(false);
    await clock.advance(4);
    await third;
    expect(events.length).toBe(1);
  });

  test("do not count against another peer's", async () => {
    const { turns, ran } = turnsOf(1);
    ran(PEER, 0);
    expect(await isDone(turns.wait("another", NEVER))).toBe(true);
  });

  test("have no limit where it is 0", async () => {
    const { turns, ran } = turnsOf(0);
    for (let n = 0; n < 100; n++) ran(PEER, 0);
    expect(await isDone(turns.wait(PEER, NEVER))).toBe(true);
  });

  test("that lie in the future, since the clock was set back, do not count", async () => {
    const { events, turns, ran } = turnsOf(2);
    ran(PEER, -5 * 365 * 24 * HOUR_MS);
    ran(PEER, -1);
    expect(await isDone(turns.wait(PEER, NEVER))).toBe(true);
    ran(PEER, 0);
    expect(await isDone(turns.wait(PEER, NEVER))).toBe(true);
    ran(PEER, 10 * 60_000);
    expect(await isDone(turns.wait(PEER, NEVER))).toBe(false);
    expect(events).toMatchObject([{ type: "turn-limit", inMs: 50 * 60_000 }]);
  });

  test("are not waited for by a bridge that settles a backlog and ends: the next one goes on", async () => {
    const { events, turns, ran } = turnsOf(1, true);
    ran(PEER, 10 * 60_000);
    expect(await turns.wait(PEER, NEVER)).toBe(false);
    expect(events).toMatchObject([{ type: "turn-limit", inMs: 50 * 60_000 }]);
    expect(await turns.wait("33333333-3333-4333-8333-333333333333", NEVER)).toBe(true);
  });

  test("are not waited for by a bridge that stops", async () => {
    const { turns, ran } = turnsOf(1);
    const stop = new AbortController();
    ran(PEER, 0);
    const waiting = turns.wait(PEER, stop.signal);
    stop.abort();
    await waiting;
  });
});

test("the canvas is a person: its messages have no limit", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [canvas(1), canvas(2), canvas(3)];
  const backend = backendOf();
  const { bridge } = await once(platform, { backend, options: { turnLimit: 1 } });
  await using _ = bridge;
  expect(backend.requests.length).toBe(3);
});

test("a restart keeps the count, and who waits for his turn holds up nobody else", async () => {
  using folder = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2)];
  const first = await once(platform, { stateDir: folder.path, options: { turnLimit: 2 } });
  expect(first.end).toBeUndefined();
  await first.bridge[Symbol.asyncDispose]();
  platform.rows.push(row(3), other(4));
  const backend = backendOf();
  await using bridge = new TestBridge(platform.url, {
    backend,
    stateDir: folder.path,
    options: { turnLimit: 2 },
  });
  await bridge.until("turn-limit");
  await bridge.until("answered");
  expect(backend.requests.map((request) => request.text)).toEqual(["text 4"]);
  expect(bridge.of("turn-limit")).toMatchObject([{ from: PEER, limit: 2 }]);
  await bridge.stop();
  expect(bridge.of("stopped")).toMatchObject([{ settled: 1, waiting: 1 }]);
});
