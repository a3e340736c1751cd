import { describe, expect, test } from "bun:test";
import { backendOf } from "../../../harness/bridge.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { at, CURSOR, feedOf, FROM_CURSOR, gone, NEVER, serve, time } from "./support.ts";
import { enter, once, refusal, withStore } from "../support.ts";

describe("a cursor that is gone", () => {
  const settled = { id: "s", at: "2026-03-01T10:00:00.000000500Z" };

  test("leads to all there is, without a window, less what was settled", async () => {
    const page = [
      at("new", "2026-03-01T10:00:00.000000501Z"),
      at("tied", "2026-03-01T10:00:00.000000500Z"),
      at("s", "2026-03-01T10:00:00.000000500Z"),
      at("before", "2026-03-01T10:00:00.000000499Z"),
    ];
    const { queries, events, texts } = feedOf(
      ({ sinceId }) => {
        if (sinceId !== undefined) throw gone();
        return page;
      },
      FROM_CURSOR,
      settled,
    );
    expect(await texts()).toEqual(["before old", "s old", "tied", "new"]);
    expect(queries[1]?.sinceId).toBeUndefined();
    expect(queries[1]?.sinceSecs).toBeUndefined();
    expect(events).toMatchObject([{ type: "cursor-gone" }]);
  });

  test("that is no UUID is not sent: the platform would answer 500 for ever", async () => {
    const { queries, texts } = feedOf(() => [], { from: { id: "ws_01HF", at: "" } });
    await texts();
    expect(queries[0]?.sinceId).toBeUndefined();
  });

  test("finds old what was settled before it was lost, on every page", async () => {
    const all = Array.from({ length: 700 }, (_, n) => at(`r${n}`, time(n)));
    const { feed } = feedOf(
      serve(() => all),
      FROM_CURSOR,
      { id: "r600", at: time(600) },
    );
    const fresh: string[] = [];
    for (let more = true; more;) {
      const page = await feed.next(NEVER);
      fresh.push(...page.rows.filter(({ old }) => !old).map(({ row }) => row.id));
      more = page.more;
    }
    expect([...new Set(fresh)]).toEqual(all.slice(601).map((r) => r.id));
  });

  test("in the middle of a sweep is dealt with like one that was saved", async () => {
    const all = Array.from({ length: 150 }, (_, n) => at(`r${n}`, time(n)));
    let rows = [at(CURSOR, time(-1)), ...all];
    const { feed, sweep, events } = feedOf(
      serve(() => rows),
      FROM_CURSOR,
    );
    expect((await feed.next(NEVER)).more).toBe(true);
    // The platform keeps a row for a while only.
    rows = all.slice(120);
    expect(await sweep()).toEqual(rows.map(({ id }) => id));
    expect(events).toMatchObject([{ type: "cursor-gone" }]);
  });

  test.each([
    ["with a journal, which knows what came after what is settled", true, ["text 4"]],
    ["without a journal", false, ["text 3", "text 4"]],
  ])("goes on %s: what was settled is not run again", async (_, journal, ran) => {
    await using platform = new ScriptedPlatform();
    using folder = tmpFolder();
    platform.rows = [row(1), row(2), row(3), row(4)];
    if (journal) {
      await withStore(folder.path, async (store) => {
        await enter(store, row(1), row(2), row(3));
        for (const n of [1, 2, 3]) await store.journal.settle(row(n).id);
      });
    }
    const lost = "bbbbbbbb-0000-4000-8000-000000000000";
    const settled = { settled_id: row(2).id, settled_at: row(2).created_at };
    const file = { workspace_id: WORKSPACE, last_since_id: row(2).id, fetch_from_id: lost };
    await Bun.write(`${folder.path}/${WORKSPACE}.json`, JSON.stringify({ ...file, ...settled }));
    platform.on("activity", ({ query }) =>
      query.get("since_id") === lost ? refusal(410) : undefined,
    );
    const backend = backendOf();
    const { bridge, end } = await once(platform, { backend, stateDir: folder.path });
    await using __ = bridge;
    expect(end).toBeUndefined();
    expect(bridge.of("cursor-gone").length).toBe(1);
    expect(backend.requests.map((r) => r.text)).toEqual(ran);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(4).id });
  });
});
