import { expect, test } from "bun:test";
import { Trust } from "../../../../src/bridge/wake/trust.ts";
import { ManualClock } from "../../../harness/clock.ts";

const MINUTE_MS = 60_000;

function scene() {
  const clock = new ManualClock();
  const missed: number[] = [];
  const trust = new Trust(clock, (forMs) => missed.push(forMs / MINUTE_MS));
  const stream = new AbortController();
  /** A look by time that finds a message, of which an event tells after so long, if at all. */
  const find = async (eventMs?: number) => {
    trust.look()(1, stream.signal);
    if (eventMs !== undefined) {
      await clock.advance(eventMs);
      trust.told();
    }
    await clock.advance(3_000);
  };
  return { clock, missed, trust, stream, find };
}

test("a message that no event tells of takes the trust, for longer each time", async () => {
  const { clock, missed, trust, find } = scene();
  for (let n = 0; n < 6; n++) {
    await find();
    expect(trust.holds).toBe(false);
    await clock.advance((missed.at(-1) ?? 0) * MINUTE_MS);
    expect(trust.holds).toBe(true);
  }
  expect(missed).toEqual([10, 20, 40, 80, 120, 120]);
});

test("after hours in which nothing was missed it begins with ten minutes again", async () => {
  const { clock, missed, find } = scene();
  for (let n = 0; n < 4; n++) {
    await find();
    await clock.advance((missed.at(-1) ?? 0) * MINUTE_MS);
  }
  await clock.advance(125 * MINUTE_MS);
  await find();
  expect(missed).toEqual([10, 20, 40, 80, 10]);
});

test("an event may come before its look, or a moment after it", async () => {
  const { clock, missed, trust, find, stream } = scene();
  await find(1_500);
  trust.told();
  await clock.advance(500);
  await find();
  expect(missed).toEqual([]);
  // What a stream that has ended did not tell of is no fault of the next one.
  await clock.advance(60_000);
  trust.look()(1, stream.signal);
  stream.abort();
  await clock.advance(10_000);
  expect(missed).toEqual([]);
});
