/** Several pages are no picture of one moment: what is shown behind must not be taken before. */
import { expect, test } from "bun:test";
import { at, feedOf, FROM_CURSOR, CURSOR, NEVER, NOW, serve, type FeedEntry } from "./support.ts";

/** So many seconds before the reading begins. */
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const backlog = (): FeedEntry[] => [
  at(CURSOR, before(9_000)),
  ...Array.from({ length: 150 }, (_, n) => at(`old-${n}`, before(1.6 - n / 100))),
];

test("a row that was made while pages were read waits for the next reading, behind one that came late", async () => {
  const rows = backlog();
  const { feed, clock, sweep } = feedOf(
    serve(() => rows),
    FROM_CURSOR,
  );
  const first = await feed.next(NEVER);
  expect(first).toMatchObject({ more: true, left: false });
  // Its sender saw "late" accepted before he sent "then".
  rows.push(at("late", before(1.595)), at("then", new Date(NOW + 100).toISOString()));
  const second = await feed.next(NEVER);
  expect(second).toMatchObject({ more: false, left: true });
  const taken = [first, second].flatMap((page) => page.rows.map(({ row }) => row.id));
  expect(new Set(taken)).toEqual(new Set(rows.slice(1, 151).map(({ id }) => id)));
  await clock.advance(250);
  const ids = await sweep();
  expect(ids.indexOf("then")).toBeGreaterThan(ids.indexOf("late"));
  expect(ids).toContain("late");
});

test("a single page is a picture of one moment: nothing of it waits", async () => {
  const rows = [at(CURSOR, before(60)), at("new", new Date(NOW + 500).toISOString())];
  const { feed } = feedOf(
    serve(() => rows),
    FROM_CURSOR,
  );
  const page = await feed.next(NEVER);
  expect(page.rows.map(({ row }) => row.id)).toEqual(["new"]);
  expect(page.left).toBe(false);
});

test("rows that another clock stamped far ahead do not wait for it", async () => {
  const ahead = at("ahead", new Date(NOW + 3_600_000).toISOString());
  const rows = [...backlog(), ahead];
  const { sweep } = feedOf(
    serve(() => rows),
    FROM_CURSOR,
  );
  expect(await sweep()).toContain("ahead");
});
