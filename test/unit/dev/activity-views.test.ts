import { Database } from "bun:sqlite";
import { beforeAll, expect, test } from "bun:test";
import { Activities, type NewActivity, type Place } from "../../../src/dev/activity-store.ts";
import { ActivityViews, type FeedView, PAGE_ROWS } from "../../../src/dev/activity-views.ts";
import { MIGRATIONS } from "../../../src/dev/schema.ts";
import { ManualClock } from "./lab.ts";

const VIEWS: readonly FeedView[] = ["conversation", "peers", "activity"];

/** Keeps the statements that it is asked for. */
class Recorder extends Database {
  readonly asked = new Set<string>();

  override query(sql: string): any {
    this.asked.add(sql);
    return super.query(sql);
  }
}

function feed() {
  const sqlite = new Recorder(":memory:", { strict: true });
  for (const step of MIGRATIONS) sqlite.run(step);
  for (const id of ["w", "v", "u"]) {
    sqlite.run("INSERT INTO workspaces (id, name, status, created_at) VALUES (?, ?, 'online', 0)", [
      id,
      id,
    ]);
  }
  const clock = new ManualClock();
  const activities = new Activities(sqlite, clock);
  return { sqlite, clock, activities, views: new ActivityViews(sqlite) };
}

const receive = (workspace_id: string, more: Partial<NewActivity> = {}): NewActivity => ({
  workspace_id,
  activity_type: "a2a_receive",
  status: "ok",
  method: "message/send",
  ...more,
});

/** All seqs of a view, page by page. */
function readAll(views: ActivityViews, id: string, view: FeedView): number[][] {
  const pages: number[][] = [];
  let before: Place | undefined;
  do {
    const { rows, next } = views.page(id, view, before);
    pages.push(rows.map(({ seq }) => seq));
    before = next;
  } while (before !== undefined);
  return pages;
}

test("each view has its rows, and no others", () => {
  const { activities, views } = feed();
  const add = (entry: NewActivity) => activities.add(entry) ?? 0;
  const user = add(receive("w"));
  const notice = add(receive("w", { method: "notify" }));
  const upload = add(receive("w", { method: "chat_upload_receive" }));
  const own = add(receive("w", { source_id: "w" }));
  const inbound = add(receive("w", { source_id: "v" }));
  const outbound = add(receive("v", { source_id: "w" }));
  const others = add(receive("v", { source_id: "u" }));
  const report = (activity_type: string, summary?: string) =>
    add({ workspace_id: "w", activity_type, status: "ok", source_id: "w", summary });
  const progress = report("task_update", "half done");
  const silent = [report("task_update"), report("task_update", ""), report("error", "oh")];
  const broadcast = add(
    receive("w", { activity_type: "broadcast_receive", method: "broadcast", source_id: "v" }),
  );
  const seqs = (view: FeedView) =>
    readAll(views, "w", view)
      .flat()
      .sort((a, b) => a - b);
  expect(seqs("conversation")).toEqual([user, notice, progress]);
  expect(seqs("peers")).toEqual([inbound, outbound]);
  expect(seqs("activity")).toEqual(
    [user, notice, upload, own, inbound, progress, ...silent, broadcast].sort((a, b) => a - b),
  );
  expect(readAll(views, "v", "peers").flat()).toEqual(
    [others, outbound, inbound].toSorted((a, b) => b - a),
  );
});

test.each(VIEWS)("%s: nothing is lost or repeated where rows share an instant", (view) => {
  const { activities, views, clock } = feed();
  const expected: number[] = [];
  for (let n = 0; n < 450; n++) {
    // Instants of 1 to 150 rows, so that pages end inside of them.
    if (n % 150 === 0 || n % 7 === 0) clock.advance(n < 300 ? 0 : 1);
    const isOut = view === "peers" && n % 3 === 0;
    const entry = isOut
      ? receive("v", { source_id: "w" })
      : receive("w", view === "peers" ? { source_id: "v" } : {});
    expected.unshift(activities.add(entry) ?? 0);
  }
  const pages = readAll(views, "w", view);
  expect(pages.map(({ length }) => length)).toEqual([100, 100, 100, 100, 50]);
  expect(pages.flat()).toEqual(expected);
});

test("a full page that is all there is has nothing to read on", () => {
  const { activities, views } = feed();
  for (let n = 0; n < PAGE_ROWS; n++) activities.add(receive("w"));
  expect(readAll(views, "w", "activity")).toHaveLength(1);
  activities.add(receive("w"));
  expect(readAll(views, "w", "activity")).toHaveLength(2);
});

test("a row that is seen late has its place among older ones, which a reader may have passed", () => {
  const { activities, views, clock } = feed();
  const first = activities.add(receive("w"));
  clock.advance(1);
  const commit = activities.begin(receive("w"));
  clock.advance(1);
  const third = activities.add(receive("w"));
  expect(readAll(views, "w", "conversation").flat()).toEqual([third, first] as number[]);
  const late = commit() ?? 0;
  expect(readAll(views, "w", "conversation").flat()).toEqual([third, late, first] as number[]);
  expect(views.ofSeq(late)?.created_at).toBe("2026-01-01T00:00:00.001000000Z");
});

test("a page of heavy rows ends early, and has one at least", () => {
  const { activities, views } = feed();
  const request_body = { text: "x".repeat(3 * 1024 * 1024) };
  for (let n = 0; n < 7; n++) activities.add(receive("w", { request_body }));
  const lengths = readAll(views, "w", "activity").map(({ length }) => length);
  expect(lengths).toEqual([3, 3, 1]);
});

test("a body that is longer than any message is left out, and its length told", () => {
  const { activities, views } = feed();
  const response_body = "x".repeat(21 * 1024 * 1024);
  const seq = activities.add(receive("w", { request_body: { a: 1 }, response_body })) ?? 0;
  const row = views.ofSeq(seq);
  expect(row).toMatchObject({
    request_body: '{"a":1}',
    request_bytes: 7,
    response_body: null,
    response_bytes: response_body.length + 2,
  });
  expect(views.ofSeq(99)).toBeUndefined();
});

test("a whole row is as the feed has it", () => {
  const { activities, views } = feed();
  activities.add(receive("w", { request_body: { a: [1, "é"] }, response_body: "text" }));
  activities.add(receive("w", { summary: 'a "quoted" word' }));
  for (const row of activities.read("w", { limit: 2 })) {
    expect(JSON.parse(views.whole(row.id) ?? "")).toEqual(row);
  }
  expect(views.whole(crypto.randomUUID())).toBeUndefined();
});

test("a whole row is given out however deep its body is nested", () => {
  const { activities, sqlite, views } = feed();
  const seq = activities.add(receive("w")) ?? 0;
  const deep = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
  sqlite.run("UPDATE activities SET request_body = ? WHERE seq = ?", [deep, seq]);
  const id = views.ofSeq(seq)?.id ?? "";
  expect(views.whole(id)).toEndWith(`,"request_body":${deep}}`);
});

const ROWS = 100_000;

const { sqlite, views } = feed();

beforeAll(() => {
  const insert = sqlite.prepare(
    `INSERT INTO activities (id, workspace_id, activity_type, status, source_id, method, created_at)
     VALUES (?, ?, 'a2a_receive', 'ok', ?, 'message/send', ?)`,
  );
  sqlite.transaction(() => {
    for (let n = 0; n < ROWS; n++) {
      // Ten rows of each instant. One in a thousand is the canvas's, and one another workspace's.
      const source = n % 1000 === 1 ? null : n % 1000 === 2 ? "v" : "w";
      const fraction = String(Math.floor(n / 10)).padStart(9, "0");
      insert.run(crypto.randomUUID(), "w", source, `2026-01-01T00:00:00.${fraction}Z`);
    }
  })();
});

test.each(VIEWS)("%s: a page costs no more than what is in it, however long the feed", (view) => {
  sqlite.asked.clear();
  const first = views.page("w", view);
  const [middle] = views.page("w", view, first.rows[50]).rows;
  expect(middle?.seq).toBe(first.rows[51]?.seq ?? -1);
  const pages = [...sqlite.asked].filter((sql) => sql.includes("INDEXED BY"));
  expect(pages).toHaveLength(view === "peers" ? 6 : 3);
  for (const sql of pages) {
    const values = Array.from(sql.matchAll(/\?/g), () => "");
    const plan: any[] = sqlite.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    // One search without sorting, by every bound.
    const bounds = [...sql.matchAll(/(\w+) ([<=]) \?/g)].map((m) => `${m[1]}${m[2]}?`);
    const index = /INDEXED BY (\w+)/.exec(sql)?.[1];
    expect(plan.map(({ detail }) => detail)).toEqual([
      `SEARCH activities USING INDEX ${index} (${bounds.join(" AND ")})`,
    ]);
  }
});
