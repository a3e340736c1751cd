import { describe, expect, test } from "bun:test";
import { readHead } from "../../../src/a2a/feed-row.ts";
import { Feed } from "../../../src/bridge/feed.ts";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { PlatformError, type ActivityQuery } from "../../../src/platform/platform.ts";
import { EMPTY_CURSOR, type Cursor } from "../../../src/store/store.ts";
import { backendOf, TestBridge } from "../../harness/bridge.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const NEVER = new AbortController().signal;

/** A feed on a function, for what concerns its queries alone. */
function feedOf(activity: (query: ActivityQuery) => unknown[], cursor: Partial<Cursor> = {}) {
  const queries: ActivityQuery[] = [];
  const events: BridgeEvent[] = [];
  const feed = new Feed(
    {
      platform: {
        serverNow: () => Date.parse("2026-03-01T12:00:00.900Z"),
        activity: async (query) => {
          queries.push(query);
          return activity(query);
        },
      },
      windowNow: () => Date.parse("2026-03-01T12:00:00.900Z"),
      emit: (event) => events.push(event),
      onProgress: () => {},
    },
    { ...EMPTY_CURSOR, ...cursor },
  );
  const texts = async () => {
    const { rows } = await feed.next(NEVER);
    return rows.map(({ row, old }) => `${row.id}${old ? " old" : ""}`);
  };
  return { feed, queries, events, texts };
}

const gone = () => new PlatformError("activity: 410", { verdict: "gone", status: 410 });
const unreadable = () => new PlatformError("cut off", { verdict: "transient", unreadable: true });
const at = (id: string, created_at: string, more = {}) => ({ id, created_at, ...more });

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
    const time = "2026-03-01T12:00:00Z";
    const page = [at("b", time, { seq: 2 }), at("a", time, { seq: 1 })];
    expect(await feedOf(() => page).texts()).toEqual(["a", "b"]);
  });

  test("of one instant without a sequence is the feed's own, turned round when newest is first", async () => {
    const time = "2026-03-01T12:00:00Z";
    const page = [at("b", time), at("a", time)];
    expect(await feedOf(() => page).texts()).toEqual(["a", "b"]);
    const forward = feedOf(() => page, { lastSinceId: "aaaaaaaa-0000-4000-8000-000000000000" });
    expect(await forward.texts()).toEqual(["b", "a"]);
  });
});

describe("a first run", () => {
  test("fixes its window once, and filters what rounding let in", async () => {
    const page = [at("in", "2026-03-01T11:59:30Z"), at("out", "2026-03-01T11:59:29.999999Z")];
    const { feed, queries, texts } = feedOf(() => page);
    expect(feed.openWindow(30)).toBe(true);
    expect(feed.openWindow(5)).toBe(false);
    expect(feed.cursor.windowStart).toBe("2026-03-01T11:59:30.000000000Z");
    expect(await texts()).toEqual(["out old", "in"]);
    expect(queries[0]?.sinceSecs).toBeGreaterThanOrEqual(31);
  });

  test("opens no window where something is settled already", () => {
    const settled = { id: "x", createdAt: "2026-03-01T11:00:00Z" };
    expect(feedOf(() => [], { settled }).feed.openWindow(30)).toBe(false);
  });

  test("a window older than the platform's limit is asked for without it", async () => {
    const { queries, texts } = feedOf(() => [], { windowStart: "2025-12-01T00:00:00Z" });
    await texts();
    expect(queries[0]?.sinceSecs).toBeUndefined();
  });

  test("a failure on the way back to the beginning does not start it over", async () => {
    const all = Array.from({ length: 1300 }, (_, n) =>
      at(`r${n}`, new Date(Date.UTC(2026, 2, 1) + n * 1000).toISOString()),
    );
    let failed = false;
    const { queries, texts } = feedOf(({ beforeTs, limit }) => {
      if (queries.length === 3 && !failed) {
        failed = true;
        throw new PlatformError("activity: 429", { verdict: "transient", status: 429 });
      }
      return all
        .filter((r) => beforeTs === undefined || r.created_at.replace("Z", "000000Z") < beforeTs)
        .reverse()
        .slice(0, limit);
    });
    await expect(texts()).rejects.toThrow("429");
    expect((await texts())[0]).toBe("r0");
    expect(queries.filter((q) => q.beforeTs === undefined).length).toBe(1);
  });

  test("a page full of one instant is passed, not asked for without end", async () => {
    const time = "2026-03-01T12:00:00.000000000Z";
    const many = Array.from({ length: 600 }, (_, n) => at(`t${n}`, time));
    const all = [...many, at("first", "2026-03-01T11:00:00Z")];
    const { texts } = feedOf(({ beforeTs, limit }) =>
      all.filter((r) => beforeTs === undefined || r.created_at < beforeTs).slice(0, limit),
    );
    expect(await texts()).toEqual(["first"]);
  });
});

describe("a cursor that is gone", () => {
  const cursor = {
    lastSinceId: "aaaaaaaa-0000-4000-8000-000000000009",
    settled: { id: "s", createdAt: "2026-03-01T10:00:00.000000500Z" },
  };

  test("leads to all there is, without a window, less what was settled", async () => {
    const page = [
      at("new", "2026-03-01T10:00:00.000000501Z"),
      at("tied", "2026-03-01T10:00:00.000000500Z"),
      at("s", "2026-03-01T10:00:00.000000500Z"),
      at("before", "2026-03-01T10:00:00.000000499Z"),
    ];
    const { queries, events, texts } = feedOf(({ sinceId }) => {
      if (sinceId !== undefined) throw gone();
      return page;
    }, cursor);
    expect(await texts()).toEqual(["before old", "s old", "tied", "new"]);
    expect(queries[1]?.sinceId).toBeUndefined();
    expect(queries[1]?.sinceSecs).toBeUndefined();
    expect(events).toMatchObject([{ type: "cursor-gone" }]);
  });

  test("that is no UUID is not sent: the platform would answer 500 for ever", async () => {
    const { queries, texts } = feedOf(() => [], { lastSinceId: "ws_01HF" });
    await texts();
    expect(queries[0]?.sinceId).toBeUndefined();
  });

  test("410 resets and goes on: what was settled is not run again, what came since is", async () => {
    await using platform = new ScriptedPlatform();
    using folder = tmpFolder();
    platform.rows = [row(1), row(2), row(3)];
    await Bun.write(
      `${folder.path}/${WORKSPACE}.json`,
      JSON.stringify({
        workspace_id: WORKSPACE,
        last_since_id: "bbbbbbbb-0000-4000-8000-000000000000",
        settled_id: row(2).id,
        settled_at: row(2).created_at,
      }),
    );
    platform.on("activity", ({ query }) =>
      query.get("since_id")?.startsWith("bbbb")
        ? Response.json({ error: "gone" }, { status: 410 })
        : undefined,
    );
    const backend = backendOf();
    await using bridge = new TestBridge(platform.url, {
      backend,
      stateDir: folder.path,
      options: { once: true },
    });
    expect(await bridge.ended).toBeUndefined();
    expect(backend.requests.map((r) => r.text)).toEqual(["text 3"]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(3).id });
  });
});

describe("after a cursor", () => {
  const lastSinceId = "aaaaaaaa-0000-4000-8000-000000000009";

  test("the platform's order is kept, which is not that of the sequence alone", async () => {
    const page = [
      at("first", "2026-03-01T12:00:02Z", { seq: 10 }),
      at("second", "2026-03-01T12:00:03Z", { seq: 9 }),
    ];
    expect(await feedOf(() => page, { lastSinceId }).texts()).toEqual(["first", "second"]);
  });

  test("a platform that ignores it is an error, and not a stream of old messages", async () => {
    const { texts } = feedOf(() => [at(lastSinceId, "2026-03-01T12:00:00Z")], { lastSinceId });
    await expect(texts()).rejects.toMatchObject({ verdict: "permanent" });
  });

  test("an empty page, and one that a lost cursor led to, are followed by a pause", async () => {
    expect((await feedOf(() => [], { lastSinceId }).feed.next(NEVER)).pause).toBe(true);
    const lost = feedOf(
      ({ sinceId }) => {
        if (sinceId !== undefined) throw gone();
        return [at("a", "2026-03-01T12:00:00Z")];
      },
      { lastSinceId },
    );
    expect(await lost.feed.next(NEVER)).toMatchObject({
      pause: true,
      rows: [{ row: { id: "a" } }],
    });
  });

  test("rows that were settled before the cursor was lost are old, on every page", async () => {
    const settled = {
      id: "r600",
      createdAt: new Date(Date.UTC(2026, 2, 1) + 600_000).toISOString(),
    };
    const all = Array.from({ length: 700 }, (_, n) =>
      at(`r${n}`, new Date(Date.UTC(2026, 2, 1) + n * 1000).toISOString()),
    );
    const { feed } = feedOf(
      ({ sinceId, beforeTs, limit }) => {
        if (sinceId === lastSinceId) throw gone();
        if (sinceId !== undefined) {
          const after = all.findIndex((r) => r.id === sinceId) + 1;
          return all.slice(after, after + limit);
        }
        return all
          .filter((r) => beforeTs === undefined || r.created_at.replace("Z", "000000Z") < beforeTs)
          .reverse()
          .slice(0, limit);
      },
      { lastSinceId, settled },
    );
    const fresh: string[] = [];
    for (let page = await feed.next(NEVER); page.rows.length > 0; page = await feed.next(NEVER)) {
      for (const { row, old } of page.rows) {
        if (!old) fresh.push(row.id);
        feed.settle(row);
      }
    }
    expect(fresh).toEqual(all.slice(601).map((r) => r.id));
  });
});

describe("a page that can't be read", () => {
  const tooLarge = (head: string) =>
    new PlatformError("too large", { verdict: "transient", unreadable: true, head });

  test("of one row whose id can be told is passed over, loudly, and the next are read", async () => {
    const id = "bbbbbbbb-0000-4000-8000-000000000001";
    const head = `[{"activity_type":"a2a_receive","created_at":"2026-03-01T12:00:00Z","id":"${id}","request_body":{"id":"x`;
    const { feed, events } = feedOf(
      ({ sinceId }) => {
        if (sinceId === id) return [at("next", "2026-03-01T12:00:01Z")];
        throw tooLarge(head);
      },
      { lastSinceId: "aaaaaaaa-0000-4000-8000-000000000009" },
    );
    const { rows } = await feed.next(NEVER);
    expect(rows.map(({ row }) => row.id)).toEqual([id]);
    expect(events.at(-1)).toMatchObject({ type: "row-unreadable" });
    feed.settle(rows[0]!.row);
    expect((await feed.next(NEVER)).rows.map(({ row }) => row.id)).toEqual(["next"]);
  });

  test("has no id where a stranger's text could pose as one", () => {
    const id = "bbbbbbbb-0000-4000-8000-000000000001";
    expect(readHead(`[{"request_body":{"a":1,"id":"${id}"}`)).toBeUndefined();
    expect(readHead(`[{"method":"\\",\\"id\\":\\"${id}\\"`)).toBeUndefined();
    expect(readHead(undefined)).toBeUndefined();
    expect(readHead(`[{"id":"${id}","request_body":`)?.id).toBe(id);
  });

  test("is asked for in halves, down to one row", async () => {
    const { queries, events, texts } = feedOf(
      ({ limit }) => {
        if (limit > 3) throw unreadable();
        return [at("a", "2026-03-01T12:00:00Z")];
      },
      { lastSinceId: "aaaaaaaa-0000-4000-8000-000000000009" },
    );
    expect(await texts()).toEqual(["a"]);
    expect(queries.map((q) => q.limit)).toEqual([100, 50, 25, 12, 6, 3]);
    expect(events.at(-1)).toMatchObject({ type: "page-shrunk", limit: 3 });
  });

  test("of one row is told, and fails in passing", async () => {
    const { events, texts } = feedOf(
      () => {
        throw unreadable();
      },
      { lastSinceId: "aaaaaaaa-0000-4000-8000-000000000009" },
    );
    await expect(texts()).rejects.toMatchObject({ verdict: "transient" });
    expect(events.at(-1)).toMatchObject({ type: "row-unreadable" });
  });

  test("rows without an id are passed over, and a page of nothing else is no page", async () => {
    const mixed = feedOf(() => [null, 7, { id: "../x" }, at("a", "2026-03-01T12:00:00Z")]);
    expect(await mixed.texts()).toEqual(["a"]);
    expect(mixed.events).toMatchObject([{ type: "row-unreadable" }]);
    await expect(feedOf(() => [null, {}]).texts()).rejects.toMatchObject({ verdict: "transient" });
  });
});
