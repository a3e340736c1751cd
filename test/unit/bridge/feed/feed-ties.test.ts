/** Rows that share their time: revision 1 passes over those behind a page's end (contract T21). */
import { describe, expect, test } from "bun:test";
import { at, CURSOR, feedOf, FROM_CURSOR, NEVER, serve, time, type FeedEntry } from "./support.ts";

const start = (seq?: number) => at(CURSOR, time(-10), seq === undefined ? {} : { seq });

/** So many rows a second apart, the ones from `tied` on all of one instant. */
const rows = (count: number, tied: number, seq: boolean): FeedEntry[] =>
  Array.from({ length: count }, (_, n) =>
    at(`r${String(n).padStart(4, "0")}`, time(Math.min(n, tied)), seq ? { seq: n } : {}),
  );

const ids = (entries: FeedEntry[]) => entries.map((row) => row.id);

describe("at revision 1", () => {
  test("rows that share the time of a page's last row are read", async () => {
    const all = rows(104, 98, false);
    const { queries, sweep } = feedOf(
      serve(() => [start(), ...all]),
      FROM_CURSOR,
    );
    expect([...new Set(await sweep())]).toEqual(ids(all));
    // The second page begins before the tie.
    expect(queries.map((query) => query.sinceId)).toEqual([CURSOR, "r0097"]);
  });

  test("a page of one instant is asked for again as large as the platform gives it", async () => {
    const all = [...rows(300, 0, false), at("last", time(5))];
    const { queries, events, sweep } = feedOf(
      serve(() => [start(), ...all]),
      FROM_CURSOR,
    );
    expect([...new Set(await sweep())]).toEqual(ids(all));
    expect(queries.map((query) => query.limit)).toEqual([100, 500]);
    expect(events).toEqual([]);
  });

  test("more rows of one instant than a page can hold are told, and passed", async () => {
    const all = [...rows(600, 0, false), at("last", time(5))];
    const { events, sweep } = feedOf(
      serve(() => [start(), ...all]),
      FROM_CURSOR,
    );
    const read = await sweep();
    expect(read.at(-1)).toBe("last");
    expect(events).toMatchObject([{ type: "row-unreadable" }]);
  });

  test("a page whose rows have no readable time goes on behind its last row", async () => {
    const page = Array.from({ length: 100 }, (_, n) => at(`x${n}`, "some day"));
    const { queries, feed } = feedOf(
      ({ sinceId }) => (sinceId === CURSOR ? page : []),
      FROM_CURSOR,
    );
    await feed.next(NEVER);
    await feed.next(NEVER);
    expect(queries.map((query) => query.sinceId)).toEqual([CURSOR, "x99"]);
  });
});

describe("at revision 2", () => {
  test("the sequence parts rows of one instant, and no row is read twice in a sweep", async () => {
    const all = rows(350, 20, true);
    const { queries, sweep } = feedOf(
      serve(() => [start(-1), ...all]),
      FROM_CURSOR,
    );
    expect(await sweep()).toEqual(ids(all));
    expect(queries.map((query) => query.sinceId)).toEqual([CURSOR, "r0099", "r0199", "r0299"]);
    expect(queries.every((query) => query.limit === 100)).toBe(true);
  });
});
