/** Who waits at the command line is woken by the event stream, and waits by time where it says nothing. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Tells,
  tellsCanvas,
  tellsDelegation,
  tellsPeer,
  tellsRows,
} from "../../../src/commands/answers/tidings.ts";
import { lookUntil } from "../../../src/commands/answers/look-until.ts";
import { Woken } from "../../../src/commands/answers/woken.ts";
import { PlatformError, type StreamSign } from "../../../src/platform/platform.ts";
import { type Clock, systemClock } from "../../../src/shared/clock.ts";
import { ManualClock } from "../../harness/clock.ts";
import { Bell } from "../../harness/wait.ts";

const HOUR_MS = 3_600_000;
const nothing = () => {};

/** One who waits, and the streams that are opened for it. */
class Bench implements Disposable {
  readonly bell = new Bell();
  readonly told: string[] = [];
  /** Streams that were opened, and that were left. */
  opened = 0;
  left = 0;
  readonly woken: Woken;
  #hear: (sign: StreamSign) => void = nothing;
  #end = Promise.withResolvers<void>();

  constructor(clock: Clock = new ManualClock()) {
    this.woken = new Woken({
      open: (hear, options) => {
        this.#hear = hear;
        this.#end = Promise.withResolvers<void>();
        this.opened += 1;
        options?.signal?.addEventListener("abort", () => {
          this.left += 1;
          this.#end.resolve();
        });
        this.bell.ring();
        return this.#end.promise;
      },
      tells: ({ type }) => type === "OURS" || type === "AGENT_MESSAGE",
      log: {
        debug: (line) => {
          this.told.push(line);
          this.bell.ring();
        },
      },
      clock,
    });
  }

  isOpen(): void {
    this.#hear({ kind: "open" });
  }

  says(type: string): void {
    this.#hear({ kind: "event", type, activityType: undefined });
  }

  breaks(error: Error): void {
    this.#end.reject(error);
  }

  [Symbol.dispose](): void {
    this.woken[Symbol.dispose]();
  }
}

/** Whether it is over once all that can go on has gone on. */
async function isOver(pause: Promise<unknown>): Promise<boolean> {
  let over = false;
  void pause.then(() => (over = true));
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
  return over;
}

test("a pause ends with an event that tells of what is waited for, and with no other", async () => {
  using bench = new Bench();
  const pause = bench.woken.pause(HOUR_MS);
  bench.says("WORKSPACE_HEARTBEAT");
  expect(await isOver(pause)).toBe(false);
  bench.says("OURS");
  await pause;
  expect(await isOver(bench.woken.pause(HOUR_MS))).toBe(false);
});

test("what is told during a look asks for another", async () => {
  using bench = new Bench();
  bench.says("OURS");
  await bench.woken.pause(HOUR_MS);
});

test("a notice asks for a second look, since its row may come after it", async () => {
  const clock = new ManualClock();
  using bench = new Bench(clock);
  bench.says("AGENT_MESSAGE");
  await bench.woken.pause(HOUR_MS);
  const second = bench.woken.pause(HOUR_MS);
  expect(await isOver(second)).toBe(false);
  await clock.advance(50);
  await second;
});

test("the first look comes once the stream is open, and its opening asks for no other", async () => {
  using bench = new Bench();
  const ready = bench.woken.ready(HOUR_MS);
  expect(await isOver(ready)).toBe(false);
  bench.isOpen();
  await ready;
  expect(await isOver(bench.woken.pause(HOUR_MS))).toBe(false);
});

test("a stream that opens late asks for a look then", async () => {
  const clock = new ManualClock();
  using bench = new Bench(clock);
  const ready = bench.woken.ready(HOUR_MS);
  await clock.advance(50);
  await ready;
  const pause = bench.woken.pause(HOUR_MS);
  expect(await isOver(pause)).toBe(false);
  bench.isOpen();
  await pause;
});

test.each<[why: string, failure: object]>([
  ["there is none", { verdict: "transient", absent: true }],
  ["it is refused", { verdict: "unauthorized" }],
  ["it is forbidden", { verdict: "forbidden" }],
])("%s: it is not asked for again until there is another token", async (why, failure) => {
  using bench = new Bench();
  bench.breaks(new PlatformError(why, failure as PlatformError["failure"]));
  await bench.woken.ready(HOUR_MS);
  expect(bench.told).toEqual([`${why}; looking by time`]);
  expect(await isOver(bench.woken.pause(HOUR_MS))).toBe(false);
  expect(bench.opened).toBe(1);
  bench.woken.listen();
  expect(bench.opened).toBe(2);
});

test("one that breaks is opened again, and that asks for a look", async () => {
  const clock = new ManualClock();
  using bench = new Bench(clock);
  bench.isOpen();
  await bench.woken.ready(HOUR_MS);
  const pause = bench.woken.pause(HOUR_MS);
  bench.breaks(new PlatformError("cut off", { verdict: "transient" }));
  await clock.advanceUntil(() => bench.opened === 2, 50);
  expect(await isOver(pause)).toBe(false);
  bench.isOpen();
  await pause;
  expect(bench.told).toEqual(["cut off; looking by time"]);
});

test("the stream is left at the end, and none is opened any more", async () => {
  const bench = new Bench();
  bench.woken[Symbol.dispose]();
  expect(bench.left).toBe(1);
  await isOver(bench.woken.ready(HOUR_MS));
  expect([bench.opened, bench.told]).toEqual([1, []]);
});

test("a pause ends with its own signal, too", async () => {
  using bench = new Bench();
  const stop = new AbortController();
  const pause = bench.woken.pause(HOUR_MS, stop.signal);
  stop.abort();
  await pause;
  await bench.woken.pause(HOUR_MS, stop.signal);
});

/** Time passes only in sleeps, and at once. */
function hastyClock() {
  const clock = {
    ...systemClock,
    time: 0,
    monotonic: () => clock.time,
    sleep: async (ms: number, signal?: AbortSignal) => {
      if (!signal?.aborted) clock.time += ms;
    },
  };
  return clock;
}

test("a stream that never rests has no more looks made than the rate limit bears", async () => {
  const clock = hastyClock();
  using bench = new Bench(clock);
  let looks = 0;
  for (; clock.time < 60_000; looks++) {
    bench.says("OURS");
    await bench.woken.pause(1_000);
  }
  expect(looks).toBeGreaterThan(100);
  expect(looks).toBeLessThan(400);
});

test("no pause is longer than it was asked to be, whatever the stream says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(20), fc.nat(500))), async (steps) => {
      const clock = hastyClock();
      using bench = new Bench(clock);
      for (const [events, ms] of steps) {
        for (let n = 0; n < events; n++) bench.says("OURS");
        const began = clock.time;
        await bench.woken.pause(ms);
        expect(clock.time - began).toBeLessThanOrEqual(ms);
      }
    }),
  );
});

test("looks by time go on beside it, and one that failed is not repeated because of an event", async () => {
  const clock = new ManualClock();
  using bench = new Bench(clock);
  bench.isOpen();
  const log = { error: nothing, warn: nothing, info: nothing, debug: nothing };
  const looking = { timeoutMs: 60_000, pauseMs: 300, log, clock, woken: bench.woken };
  const times: number[] = [];
  let found: string | undefined;
  const search = async () => {
    times.push(clock.monotonic());
    if (times.length === 3) {
      bench.says("OURS");
      throw new PlatformError("down", { verdict: "transient", retryAfterMs: 5_000 });
    }
    return times.length === 5 ? "found" : undefined;
  };
  const looked = lookUntil(looking, search);
  void looked.then((end) => (found = end));
  expect(await isOver(looked)).toBe(false);
  await clock.advanceUntil(() => found !== undefined, 100);
  expect(times.slice(0, 3)).toEqual([0, 300, 600]);
  expect(times[3]).toBeGreaterThanOrEqual(5_600);
  // The event had not been forgotten.
  expect(times[4]).toBe(times[3] ?? 0);
});

const ALL: readonly [type: string, activityType?: string][] = [
  ["ACTIVITY_LOGGED", "a2a_receive"],
  ["ACTIVITY_LOGGED", "agent_log"],
  ["ACTIVITY_LOGGED"],
  ["AGENT_MESSAGE"],
  ["A2A_RESPONSE"],
  ["DELEGATION_COMPLETE"],
  ["WORKSPACE_HEARTBEAT"],
];

test.each<[whom: string, tells: Tells, heard: readonly number[]]>([
  ["a peer", tellsPeer, [0, 2, 4]],
  ["the canvas user of an agent that fetches", tellsCanvas("poll"), [3]],
  ["the canvas user of an agent that is pushed to", tellsCanvas("push-async"), [0, 2, 3, 4]],
  ["who delegated", tellsDelegation, [0, 2, 4, 5]],
  ["who follows all rows", tellsRows(undefined), [0, 1, 2, 3]],
  ["who follows rows of a type", tellsRows("agent_log"), [1, 2]],
  ["who follows messages, of which notices are some", tellsRows("a2a_receive"), [0, 2, 3]],
])("%s is woken by what concerns them alone", (_, tells, heard) => {
  const told = ALL.flatMap(([type, activityType], at) =>
    tells({ kind: "event", type, activityType }) ? [at] : [],
  );
  expect(told).toEqual([...heard]);
});
