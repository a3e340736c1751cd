import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Anchor } from "../../../../src/bridge/feed/anchor.ts";
import { formatTimestamp } from "../../../../src/shared/timestamp.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { at, CURSOR, feedOf, NOW, serve, type FeedEntry } from "./support.ts";

const START = { id: "start", at: "2026-01-01T00:00:00.000000000Z" };
const nanos = (ms: number) => BigInt(ms) * 1_000_000n;

function anchorAt(clock = new ManualClock(NOW), serverNow = () => clock.now()) {
  const anchor = new Anchor(clock, serverNow, START);
  /** A sweep that finds this row last, made at that time. */
  const sweep = (id: string, madeMs: number) => {
    anchor.begin();
    anchor.reached(id, nanos(madeMs));
    anchor.finish();
  };
  return { anchor, clock, sweep };
}

describe("the row from which reading starts again", () => {
  test("is not a row that was just seen: others may appear before it", async () => {
    const { anchor, clock, sweep } = anchorAt();
    sweep("a", clock.now());
    await clock.advance(1_999);
    sweep("a", clock.now() - 1_999);
    expect(anchor.place).toEqual(START);
  });

  test("is the newest row once a sweep began two seconds after it was first seen", async () => {
    const { anchor, clock, sweep } = anchorAt();
    const made = clock.now();
    sweep("a", made);
    await clock.advance(2_000);
    sweep("a", made);
    expect(anchor.place).toEqual({ id: "a", at: formatTimestamp(nanos(made)) });
  });

  test("does not count what was seen since the sweep began", async () => {
    const { anchor, clock } = anchorAt();
    const made = clock.now();
    anchor.begin();
    await clock.advance(5_000);
    anchor.reached("a", nanos(made));
    expect(anchor.place).toEqual(START);
  });

  test("is a row two seconds older than the newest one known before the sweep", () => {
    const { anchor, clock, sweep } = anchorAt();
    sweep("newest", clock.now());
    sweep("younger", clock.now() - 1_999);
    expect(anchor.place).toEqual(START);
    sweep("older", clock.now() - 2_000);
    expect(anchor.place?.id).toBe("older");
  });

  test("is a row that is a minute old by the server's clock, at once", () => {
    const young = anchorAt();
    young.sweep("a", young.clock.now() - 59_999);
    expect(young.anchor.place).toEqual(START);
    const old = anchorAt();
    old.sweep("a", old.clock.now() - 60_000);
    expect(old.anchor.place?.id).toBe("a");
  });

  test("never moves back to an older one", async () => {
    const { anchor, clock, sweep } = anchorAt();
    const made = clock.now();
    sweep("a", made);
    await clock.advance(2_000);
    sweep("a", made);
    sweep("late", made - 90_000);
    expect(anchor.place?.id).toBe("a");
  });

  test("is none once it is forgotten", () => {
    const { anchor, clock, sweep } = anchorAt();
    sweep("a", clock.now() - 60_000);
    anchor.forget();
    expect(anchor.place).toBeUndefined();
  });
});

interface Late {
  /** When it was made, in ms after the start, and how much later it became visible. */
  made: number;
  lateMs: number;
}

/** What a feed that reads rows as they become visible has read of them. */
async function simulate(late: Late[], pauses: number[], seq: boolean, known: boolean) {
  const rows = late
    .map((row, n) => ({ ...row, n }))
    .sort((a, b) => a.made + a.lateMs - (b.made + b.lateMs))
    .map(({ made, lateMs, n }) => ({
      visibleMs: NOW + made + lateMs,
      entry: at(`r${n}`, new Date(NOW + made).toISOString(), seq ? { seq: n } : {}),
    }));
  const first: FeedEntry = at(
    CURSOR,
    new Date(NOW - 3_600_000).toISOString(),
    seq ? { seq: -1 } : {},
  );
  const start = known
    ? { from: { id: CURSOR, at: first.created_at } }
    : { windowStart: new Date(NOW - 1_000).toISOString() };
  const { clock, sweep } = feedOf(
    serve(() => [
      ...(known ? [first] : []),
      ...rows.filter(({ visibleMs }) => visibleMs <= clock.now()).map(({ entry }) => entry),
    ]),
    start,
  );
  const read = new Set<string>();
  const readNow = async () => {
    for (const id of await sweep()) read.add(id);
  };
  await readNow();
  for (const pause of pauses) {
    await clock.advance(pause);
    await readNow();
  }
  const last = Math.max(0, ...rows.map(({ visibleMs }) => visibleMs - clock.now()));
  await clock.advance(last);
  await readNow();
  await clock.advance(2_000);
  await readNow();
  return { read, expected: new Set(rows.map(({ entry }) => entry.id)), idle: await sweep() };
}

const scenario = [
  fc.array(
    fc.record({
      // On a coarse grid, so that many share their time.
      made: fc.integer({ min: 0, max: 60 }).map((n) => n * 250),
      lateMs: fc.oneof(fc.constant(0), fc.constant(2_000), fc.integer({ min: 0, max: 2_000 })),
    }),
    { maxLength: 130 },
  ),
  fc.array(fc.integer({ min: 1, max: 4_000 }), { maxLength: 12 }),
] as const;

test.each([
  ["revision 1", false, true],
  ["revision 2", true, true],
  ["revision 1, without a cursor", false, false],
  ["revision 2, without a cursor", true, false],
])(
  "at %s every row is read that appears up to two seconds late, and nothing is read for ever",
  async (_, seq, known) => {
    await fc.assert(
      fc.asyncProperty(...scenario, async (late, pauses) => {
        const { read, expected, idle } = await simulate(late, pauses, seq, known);
        expect(read).toEqual(expected);
        expect(idle).toEqual([]);
      }),
      { numRuns: 120 },
    );
  },
);
