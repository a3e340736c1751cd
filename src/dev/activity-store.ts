/** The activity feed as it lies in the database. */
import type { Database } from "bun:sqlite";
import type { ActivityRow } from "../contract/types.ts";
import type { Clock } from "../shared/clock.ts";
import { formatTimestamp } from "../shared/timestamp.ts";

/** A row to be written. Absent means null. */
export interface NewActivity {
  workspace_id: string;
  activity_type: string;
  status: string;
  source_id?: string | null | undefined;
  target_id?: string | null | undefined;
  method?: string | null | undefined;
  summary?: string | null | undefined;
  error_detail?: string | null | undefined;
  duration_ms?: number | null | undefined;
  request_body?: unknown;
  response_body?: unknown;
  /** Unique within a workspace: a second row with it is not written (contract 2.3, R2). */
  message_id?: string | undefined;
}

/** What to read of a workspace's feed. Times are RFC 3339 in UTC with nine digits. */
export interface ActivityQuery {
  type?: string | undefined;
  source?: "canvas" | "agent" | undefined;
  peerId?: string | undefined;
  /** Not older than. */
  from?: string | undefined;
  /** Strictly older than. */
  before?: string | undefined;
  /**
   * Strictly after this place, and then oldest first; without it newest first. A place without a
   * seq passes by the other rows of its instant (T21).
   */
  after?: { created_at: string; seq?: number } | undefined;
  limit: number;
}

/** A place in the feed. */
export interface Place {
  created_at: string;
  seq: number;
}

/** SQL with one question mark, and what stands for it. */
type Condition = [sql: string, value: string | number];

interface StoredRow extends Omit<ActivityRow, "request_body" | "response_body"> {
  seq: number;
  request_body: string | null;
  response_body: string | null;
}

const COLUMNS = `id, workspace_id, activity_type, source_id, target_id, method, summary, status,
  error_detail, duration_ms, created_at, seq, request_body, response_body`;

export class Activities {
  readonly #sqlite: Database;
  readonly #clock: Clock;
  #lastNs = 0n;
  /** The time of all rows of the transaction that is open. */
  #instant: string | undefined;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** Writes a row and gives its seq; undefined when the workspace has one with this message id. */
  add(entry: NewActivity): number | undefined {
    return this.#insert(entry, { created_at: this.#now() });
  }

  /**
   * Gives a row its time and seq, as a transaction that has begun, and the action that commits it;
   * that one's answer is {@link add}'s. A seq that is never committed is a gap.
   */
  begin(entry: NewActivity): () => number | undefined {
    const place: Place = { created_at: this.#now(), seq: this.#takeSeq() };
    return () => this.#insert(entry, place);
  }

  /** Runs `work` as a transaction; the rows that it adds share one instant (T21). */
  together<T>(work: () => T): T {
    if (this.#instant !== undefined) return work();
    this.#instant = this.#now();
    try {
      return this.#sqlite.transaction(work).immediate();
    } finally {
      this.#instant = undefined;
    }
  }

  #insert(
    entry: NewActivity,
    { created_at, seq }: { created_at: string; seq?: number },
  ): number | undefined {
    const { changes, lastInsertRowid } = this.#sqlite
      .query(
        `INSERT INTO activities (id, workspace_id, activity_type, status, source_id, target_id,
           method, summary, error_detail, duration_ms, request_body, response_body, message_id,
           created_at, seq)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace_id, message_id) WHERE message_id IS NOT NULL DO NOTHING`,
      )
      .run(
        crypto.randomUUID(),
        entry.workspace_id,
        entry.activity_type,
        entry.status,
        entry.source_id ?? null,
        entry.target_id ?? null,
        entry.method ?? null,
        entry.summary ?? null,
        entry.error_detail ?? null,
        entry.duration_ms ?? null,
        toText(entry.request_body),
        toText(entry.response_body),
        entry.message_id ?? null,
        created_at,
        seq ?? null,
      );
    return changes > 0 ? Number(lastInsertRowid) : undefined;
  }

  /** Where a row of this workspace stands, of whatever type it is. */
  place(workspaceId: string, id: string): Place | undefined {
    const row = this.#sqlite
      .query<Place, [string, string]>(
        "SELECT created_at, seq FROM activities WHERE workspace_id = ? AND id = ?",
      )
      .get(workspaceId, id);
    return row ?? undefined;
  }

  /** Each page costs what is in it, however long the feed is; `source` and `peerId` sift rows. */
  read(workspaceId: string, query: ActivityQuery): ActivityRow[] {
    const { from, before, after, limit } = query;
    // One lower bound: given two, SQLite searches by the wrong one.
    const past = after !== undefined && (from === undefined || after.created_at >= from);
    const until: Condition[] = before === undefined ? [] : [["created_at < ?", before]];
    const select = (rows: number, ...conditions: Condition[]) =>
      this.#select(workspaceId, query, rows, [...conditions, ...until]);
    if (!past) return select(limit, ...given("created_at >= ?", from));
    const { created_at, seq } = after;
    // In two steps, as no index serves `(created_at, seq) > (?, ?)` where seq is the row's own id.
    const tied =
      seq === undefined ? [] : select(limit, ["created_at = ?", created_at], ["seq > ?", seq]);
    return [...tied, ...select(limit - tied.length, ["created_at > ?", created_at])];
  }

  #select(
    workspaceId: string,
    { type, source, peerId, after }: ActivityQuery,
    limit: number,
    bounds: Condition[],
  ): ActivityRow[] {
    const conditions: Condition[] = [
      ["workspace_id = ?", workspaceId],
      ...given("activity_type = ?", type),
      ...bounds,
      ...given("? IN (source_id, target_id)", peerId),
    ];
    const sql = conditions.map(([condition]) => condition);
    if (source !== undefined) sql.push(`source_id IS ${source === "canvas" ? "" : "NOT "}NULL`);
    const order = after === undefined ? "DESC" : "ASC";
    return this.#sqlite
      .query<StoredRow, (string | number)[]>(
        `SELECT ${COLUMNS} FROM activities
         INDEXED BY ${type === undefined ? "activities_in_order" : "activities_by_type"}
         WHERE ${sql.join(" AND ")} ORDER BY created_at ${order}, seq ${order} LIMIT ?`,
      )
      .all(...conditions.map(([, value]) => value), limit)
      .map(toRow);
  }

  /** The table's next seq, which no later row gets. */
  #takeSeq(): number {
    const take = () => {
      this.#sqlite.run(
        `INSERT INTO sqlite_sequence (name, seq)
         SELECT 'activities', 0
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'activities')`,
      );
      return this.#sqlite
        .query<{ seq: number }, []>(
          "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'activities' RETURNING seq",
        )
        .get();
    };
    const taken = this.#sqlite.transaction(take).immediate();
    if (taken === null) throw new Error("the table of sequences lost its row");
    return taken.seq;
  }

  #now(): string {
    return this.#instant ?? formatTimestamp(this.#timestamp());
  }

  /**
   * Wall time with the microseconds of the monotonic clock. Two rows may share a time, and a later
   * row never has an earlier one of the same millisecond: the reader's cursor would pass it by.
   */
  #timestamp(): bigint {
    const ms = BigInt(Math.floor(this.#clock.now())) * 1_000_000n;
    const ns = ms + BigInt(Math.floor((this.#clock.monotonic() % 1) * 1_000)) * 1_000n;
    const sameMs = this.#lastNs / 1_000_000n === ms / 1_000_000n;
    this.#lastNs = sameMs && this.#lastNs > ns ? this.#lastNs : ns;
    return this.#lastNs;
  }
}

/** A row's time as it goes over the wire: without zeros at its end. */
export function shownTime(created_at: string): string {
  return created_at.replace(/\.?0+Z$/, "Z");
}

function given(sql: string, value: string | undefined): Condition[] {
  return value === undefined ? [] : [[sql, value]];
}

function toText(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/** As it goes over the wire: bodies left out when null. */
function toRow({ request_body, response_body, ...row }: StoredRow): ActivityRow {
  return {
    ...row,
    created_at: shownTime(row.created_at),
    ...(request_body === null ? {} : { request_body: JSON.parse(request_body) as unknown }),
    ...(response_body === null ? {} : { response_body: JSON.parse(response_body) as unknown }),
  };
}
