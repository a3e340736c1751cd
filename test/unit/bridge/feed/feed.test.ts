import { describe, expect, test } from "bun:test";
import { PlatformError } from "../../../../src/platform/platform.ts";
import { at, CURSOR, feedOf, FROM_CURSOR, gone, NEVER, serve, time } from "./support.ts";

describe("the order of rows", () => {
  test("follows time at full precision, not milliseconds", async () => {
    const page = [
      at("c", "2026-03-01T12:00:00.000000300Z"),
      at("b", "2026-03-01T12:00:00.000000200Z"),
      at("a", "2026-03-01T12:00:00.000000100Z"),
    ];
    expect(await feedOf(() => page).texts()).toEqual(["a", "b", "c"]);
  });

  test("follows the platform's sequence where there is one", async () => {
    const instant = "2026-03-01T12:00:00Z";
    const page = [at("b", instant, { seq: 2 }), at("a", instant, { seq: 1 })];
    expect(await feedOf(() => page).texts()).toEqual(["a", "b"]);
  });

  test("of one instant without a sequence is the feed's own, turned round when newest is first", async () => {
    const instant = "2026-03-01T12:00:00Z";
    const page = [at("b", instant), at("a", instant)];
    expect(await feedOf(() => page).texts()).toEqual(["a", "b"]);
    const forward = feedOf(() => page, FROM_CURSOR);
    expect(await forward.texts()).toEqual(["b", "a"]);
  });
});

describe("a first run", () => {
  test("starts at its window, and what rounding let in besides is old", async () => {
    const page = [at("in", "2026-03-01T11:59:30Z"), at("out", "2026-03-01T11:59:29.999999Z")];
    const { feed, queries, texts } = feedOf(() => page, { windowStart: "2026-03-01T11:59:30Z" });
    expect(feed.start).toBe("window");
    expect(await texts()).toEqual(["out old", "in"]);
    expect(queries[0]?.sinceSecs).toBeGreaterThanOrEqual(31);
  });

  test("asks for all since its window each time, as long as there is no row to read from", async () => {
    const { clock, queries, texts } = feedOf(() => [], { windowStart: "2026-03-01T11:59:30Z" });
    await texts();
    clock.suspend(600_000);
    await texts();
    expect(queries[1]?.sinceSecs).toBe((queries[0]?.sinceSecs ?? 0) + 600);
  });

  test("a window older than the platform's limit is asked for without it", async () => {
    const { queries, texts } = feedOf(() => [], { windowStart: "2025-12-01T00:00:00Z" });
    await texts();
    expect(queries[0]?.sinceSecs).toBeUndefined();
  });

  test("a failure on the way back to the beginning does not start it over", async () => {
    const all = Array.from({ length: 1300 }, (_, n) => at(`r${n}`, time(n)));
    let failed = false;
    const { queries, texts } = feedOf((query) => {
      if (queries.length === 3 && !failed) {
        failed = true;
        throw new PlatformError("activity: 429", { verdict: "transient", status: 429 });
      }
      return serve(() => all)(query);
    });
    await expect(texts()).rejects.toThrow("429");
    expect((await texts())[0]).toBe("r0");
    expect(queries.filter((q) => q.beforeTs === undefined).length).toBe(1);
  });

  test("a page full of one instant is passed, not asked for without end", async () => {
    const instant = "2026-03-01T12:00:00.000000000Z";
    const many = Array.from({ length: 600 }, (_, n) => at(`t${n}`, instant));
    const all = [...many, at("first", "2026-03-01T11:00:00Z")];
    const { texts } = feedOf(({ beforeTs, limit }) =>
      all.filter((r) => beforeTs === undefined || r.created_at < beforeTs).slice(0, limit),
    );
    expect(await texts()).toEqual(["first"]);
  });
});

describe("after a cursor", () => {
  test("the platform's order is kept, which is not that of the sequence alone", async () => {
    const page = [
      at("first", "2026-03-01T12:00:02Z", { seq: 10 }),
      at("second", "2026-03-01T12:00:03Z", { seq: 9 }),
    ];
    expect(await feedOf(() => page, FROM_CURSOR).texts()).toEqual(["first", "second"]);
  });

  test("a platform that ignores it is an error, and not a stream of old messages", async () => {
    const { texts } = feedOf(() => [at(CURSOR, "2026-03-01T12:00:00Z")], FROM_CURSOR);
    await expect(texts()).rejects.toMatchObject({ verdict: "permanent" });
  });

  test("an empty page is the end of the feed, and a full one is not", async () => {
    const all = Array.from({ length: 150 }, (_, n) => at(`r${n}`, time(n), { seq: n }));
    const { feed } = feedOf(
      serve(() => [at(CURSOR, time(-1), { seq: -1 }), ...all]),
      FROM_CURSOR,
    );
    expect(await feed.next(NEVER)).toMatchObject({ more: true, lost: false });
    const last = await feed.next(NEVER);
    expect(last).toMatchObject({ more: false, lost: false });
    expect(last.rows.length).toBe(50);
    expect((await feedOf(() => [], FROM_CURSOR).feed.next(NEVER)).more).toBe(false);
  });

  test("a page that a lost cursor led to says so, and nothing makes it look again at once", async () => {
    const { feed } = feedOf(({ sinceId }) => {
      if (sinceId !== undefined) throw gone();
      return [at("a", "2026-03-01T12:00:00Z")];
    }, FROM_CURSOR);
    expect(await feed.next(NEVER)).toMatchObject({ lost: true, rows: [{ row: { id: "a" } }] });
  });
});
