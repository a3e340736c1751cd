import { describe, expect, test } from "bun:test";
import { readHead } from "../../../../src/a2a/feed-row.ts";
import { PlatformError } from "../../../../src/platform/platform.ts";
import { at, feedOf, FROM_CURSOR, NEVER } from "./support.ts";

const unreadable = () => new PlatformError("cut off", { verdict: "transient", unreadable: true });

describe("a page that can't be read", () => {
  const tooLarge = (head: string) =>
    new PlatformError("too large", { verdict: "transient", unreadable: true, head });

  test("of one row whose id can be told is passed over, loudly, and the next are read", async () => {
    const id = "bbbbbbbb-0000-4000-8000-000000000001";
    const head = `[{"activity_type":"a2a_receive","created_at":"2026-03-01T11:59:58Z","id":"${id}","request_body":{"id":"x`;
    const { feed, events } = feedOf(({ sinceId }) => {
      if (sinceId === id) return [at("next", "2026-03-01T11:59:59Z")];
      throw tooLarge(head);
    }, FROM_CURSOR);
    const { rows } = await feed.next(NEVER);
    expect(rows.map(({ row }) => row.id)).toEqual([id]);
    expect(events.at(-1)).toMatchObject({ type: "row-unreadable" });
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
    const { queries, events, texts } = feedOf(({ limit }) => {
      if (limit > 3) throw unreadable();
      return [at("a", "2026-03-01T12:00:00Z")];
    }, FROM_CURSOR);
    expect(await texts()).toEqual(["a"]);
    expect(queries.map((q) => q.limit)).toEqual([100, 50, 25, 12, 6, 3]);
    expect(events.at(-1)).toMatchObject({ type: "page-shrunk", limit: 3 });
  });

  test("of one row is told, and fails in passing", async () => {
    const { events, texts } = feedOf(() => {
      throw unreadable();
    }, FROM_CURSOR);
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
