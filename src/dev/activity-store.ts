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
  /** Strictly after this place, and then oldest first; without it newest first. */
  after?: Place | undefined;
  limit: number;
}

/** A place in the feed. */
export interface Place {
  created_at: string;
  seq: number;
}

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

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** Writes a row; false when the workspace already has one with this message id. */
  add(entry: NewActivity): boolean {
    const { changes } = this.#sqlite
      .query(
        `INSERT INTO activities (id, workspace_id, activity_type, status, source_id, target_id,
           method, summary, error_detail, duration_ms, request_body, response_body, message_id,
           created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
        formatTimestamp(this.#timestamp()),
      );
    return changes > 0;
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

  read(workspaceId: string, query: ActivityQuery): ActivityRow[] {
    const conditions = ["workspace_id = ?"];
    const values: (string | number)[] = [workspaceId];
    const where = (condition: string, ...bound: (string | number)[]) => {
      conditions.push(condition);
      values.push(...bound);
    };
    const { type, source, peerId, from, before, after } = query;
    if (type !== undefined) where("activity_type = ?", type);
    if (source !== undefined) where(`source_id IS ${source === "canvas" ? "" : "NOT "}NULL`);
    if (peerId !== undefined) where("(source_id = ? OR target_id = ?)", peerId, peerId);
    if (from !== undefined) where("created_at >= ?", from);
    if (before !== undefined) where("created_at < ?", before);
    if (after !== undefined) where("(created_at, seq) > (?, ?)", after.created_at, after.seq);
    const order = after === undefined ? "DESC" : "ASC";
    return this.#sqlite
      .query<StoredRow, (string | number)[]>(
        `SELECT ${COLUMNS} FROM activities WHERE ${conditions.join(" AND ")}
         ORDER BY created_at ${order}, seq ${order} LIMIT ?`,
      )
      .all(...values, query.limit)
      .map(toRow);
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

function toText(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/** As it goes over the wire: bodies left out when null, and no zeros at the end of the time. */
function toRow({ request_body, response_body, ...row }: StoredRow): ActivityRow {
  return {
    ...row,
    created_at: row.created_at.replace(/\.?0+Z$/, "Z"),
    ...(request_body === null ? {} : { request_body: JSON.parse(request_body) as unknown }),
    ...(response_body === null ? {} : { response_body: JSON.parse(response_body) as unknown }),
  };
}
