import { Database } from "bun:sqlite";
import { beforeAll, expect, test } from "bun:test";
import { Activities, type ActivityQuery } from "../../../src/dev/activity-store.ts";
import { MIGRATIONS } from "../../../src/dev/schema.ts";
import { ManualClock } from "./lab.ts";

const ROWS = 20_000;

/** Keeps the statements that it is asked for. */
class Recorder extends Database {
  readonly asked: string[] = [];

  override query(sql: string): any {
    this.asked.push(sql);
    return super.query(sql);
  }
}

const sqlite = new Recorder(":memory:", { strict: true });
const clock = new ManualClock();
const activities = new Activities(sqlite, clock);

beforeAll(() => {
  for (const step of MIGRATIONS) sqlite.run(step);
  sqlite.run(
    "INSERT INTO workspaces (id, name, status, created_at) VALUES ('w', 'w', 'online', 0)",
  );
  sqlite.transaction(() => {
    for (let i = 0; i < ROWS; i++) {
      // Ten rows of each instant, and one in a hundred of the type that is looked for.
      if (i % 10 === 0) clock.advance(1);
      const activity_type = i % 100 === 55 ? "a2a_receive" : "task_update";
      activities.add({ workspace_id: "w", activity_type, status: "ok" });
    }
  })();
});

const after = { created_at: "2026-01-01T00:00:00.500000000Z", seq: 4_995 };
const at = (ms: number) => `2026-01-01T00:00:00.${String(ms).padStart(3, "0")}000000Z`;
const type = "a2a_receive";

test.each<[string, ActivityQuery, number[]]>([
  ["R2's cursor", { after, limit: 7 }, [4996, 4997, 4998, 4999, 5000, 5001, 5002]],
  [
    "R2's cursor, a page within one instant",
    { after: { ...after, seq: 4_991 }, limit: 2 },
    [4992, 4993],
  ],
  ["R1's cursor", { after: { created_at: after.created_at }, limit: 2 }, [5001, 5002]],
  ["a type after R2's cursor", { type, after, limit: 2 }, [5056, 5156]],
  [
    "a type of the cursor's instant",
    { type, after: { created_at: at(506), seq: 5_052 }, limit: 2 },
    [5056, 5156],
  ],
  ["a type after R1's cursor", { type, after: { created_at: at(506) }, limit: 1 }, [5156]],
  ["a window that the cursor is in", { type, after, from: at(3), limit: 2 }, [5056, 5156]],
  ["a window after the cursor", { after, from: at(600), limit: 2 }, [5991, 5992]],
  ["a window from the cursor's instant on", { after, from: at(500), limit: 1 }, [4996]],
  ["what lies between", { after, before: at(501), limit: 10 }, [4996, 4997, 4998, 4999, 5000]],
  ["the newest", { limit: 2 }, [20_000, 19_999]],
  ["the newest of a type", { type, limit: 2 }, [19_956, 19_856]],
  ["the newest before", { type, before: at(500), limit: 1 }, [4956]],
  ["the newest in a window", { type, from: at(500), limit: 1 }, [19_956]],
])("%s costs no more than its page", (_, query, seqs) => {
  sqlite.asked.length = 0;
  expect(activities.read("w", query).map((row) => row.seq ?? 0)).toEqual(seqs);
  for (const sql of sqlite.asked) {
    const values = Array.from(sql.matchAll(/\?/g), () => "");
    const plan: any[] = sqlite.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    // One search without sorting, by every bound; only `=` leaves the others nothing to bound.
    expect(plan).toHaveLength(1);
    const bounds = [...sql.matchAll(/(\w+) ([<>]?=?) \?/g)].map((m) => `${m[1]}${m[2]}?`);
    const exact = bounds.includes("created_at=?");
    const searched = bounds.filter((bound) => !exact || bound !== "created_at<?");
    const index = query.type === undefined ? "activities_in_order" : "activities_by_type";
    expect(plan[0].detail.replaceAll(">=", ">")).toBe(
      `SEARCH activities USING INDEX ${index} (${searched.join(" AND ").replaceAll(">=", ">")})`,
    );
  }
});

test("a place that is taken is nobody else's, also in a feed that was empty", () => {
  const other = new Database(":memory:", { strict: true });
  for (const step of MIGRATIONS) other.run(step);
  other.run("INSERT INTO workspaces (id, name, status, created_at) VALUES ('w', 'w', 'online', 0)");
  const rows = new Activities(other, clock);
  const entry = { workspace_id: "w", activity_type: "agent_log", status: "ok" };
  const first = rows.begin({ ...entry, summary: "first" });
  const second = rows.begin({ ...entry, summary: "second" });
  rows.add({ ...entry, summary: "third" });
  second();
  rows.add({ ...entry, summary: "fourth" });
  const seen = () => rows.read("w", { limit: 9 }).map((row) => [row.seq, row.summary]);
  expect(seen()).toEqual([
    [4, "fourth"],
    [3, "third"],
    [2, "second"],
  ]);
  expect(first()).toBe(1);
  expect(seen()[3]).toEqual([1, "first"]);
});
