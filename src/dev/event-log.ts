/**
 * What has happened to workspaces, as it lies in the database (contract 3.6). The events of each
 * workspace are a chain: each holds the hash of the one before it, so that a change shows.
 */
import type { Database } from "bun:sqlite";
import type { Clock } from "../shared/clock.ts";
import type { JsonObject } from "../shared/json.ts";
import { sha256 } from "./token-store.ts";

export interface LoggedEvent {
  id: string;
  event_type: string;
  workspace_id: string;
  payload: JsonObject;
  /** Milliseconds since 1970. */
  created_at: number;
  /** The hash of the workspace's event before this one; "" for its first. */
  previous_hash: string;
  hash: string;
}

/** A part of a workspace's events. Times are milliseconds since 1970, both ends included. */
export interface EventRange {
  from?: number | undefined;
  to?: number | undefined;
  limit: number;
  offset: number;
}

type StoredEvent = Omit<LoggedEvent, "payload"> & { payload: string };

const COLUMNS = "id, event_type, workspace_id, payload, created_at, previous_hash, hash";
const WITHIN = `workspace_id = ?1 AND created_at >= coalesce(?2, created_at)
  AND created_at <= coalesce(?3, created_at)`;

export class EventLog {
  readonly #sqlite: Database;
  readonly #clock: Clock;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** Appends an event. It stays when its workspace is purged. */
  add(workspace_id: string, event_type: string, data: JsonObject): void {
    const payload = JSON.stringify(data);
    const event = { id: crypto.randomUUID(), event_type, workspace_id, payload };
    const append = () => {
      const previous_hash = this.#lastHash(workspace_id);
      const row = { ...event, created_at: this.#clock.now(), previous_hash };
      this.#sqlite
        .query(
          `INSERT INTO events (${COLUMNS})
           VALUES ($id, $event_type, $workspace_id, $payload, $created_at, $previous_hash, $hash)`,
        )
        .run({ ...row, hash: hashOf(row) });
    };
    this.#sqlite.transaction(append).immediate();
  }

  /** Of this workspace, else of all; the newest first. */
  newest(limit: number, workspaceId?: string): LoggedEvent[] {
    return this.#sqlite
      .query<StoredEvent, [string | null, number]>(
        `SELECT ${COLUMNS} FROM events WHERE workspace_id = coalesce(?1, workspace_id)
         ORDER BY seq DESC LIMIT ?2`,
      )
      .all(workspaceId ?? null, limit)
      .map(toEvent);
  }

  /** The events of the range, newest first, and how many there are without limit and offset. */
  within(workspaceId: string, range: EventRange): { events: LoggedEvent[]; total: number } {
    const bounds = [workspaceId, range.from ?? null, range.to ?? null] as const;
    const counted = this.#sqlite
      .query<{ n: number }, [string, number | null, number | null]>(
        `SELECT count(*) AS n FROM events WHERE ${WITHIN}`,
      )
      .get(...bounds);
    const rows = this.#sqlite
      .query<StoredEvent, [string, number | null, number | null, number, number]>(
        `SELECT ${COLUMNS} FROM events WHERE ${WITHIN} ORDER BY seq DESC LIMIT ?4 OFFSET ?5`,
      )
      .all(...bounds, range.limit, range.offset);
    return { events: rows.map(toEvent), total: counted?.n ?? 0 };
  }

  /** Whether this workspace's chain is whole: nothing changed, none taken away but at its end. */
  isIntact(workspaceId: string): boolean {
    const rows = this.#sqlite
      .query<StoredEvent, [string]>(
        `SELECT ${COLUMNS} FROM events WHERE workspace_id = ? ORDER BY seq`,
      )
      .iterate(workspaceId);
    let previous = "";
    for (const row of rows) {
      if (row.previous_hash !== previous || row.hash !== hashOf(row)) return false;
      previous = row.hash;
    }
    return true;
  }

  #lastHash(workspaceId: string): string {
    const row = this.#sqlite
      .query<{ hash: string }, [string]>(
        "SELECT hash FROM events WHERE workspace_id = ? ORDER BY seq DESC LIMIT 1",
      )
      .get(workspaceId);
    return row?.hash ?? "";
  }
}

function hashOf(row: Omit<StoredEvent, "hash">): string {
  const { previous_hash, id, workspace_id, event_type, payload, created_at } = row;
  return sha256(JSON.stringify([previous_hash, id, workspace_id, event_type, payload, created_at]));
}

function toEvent(row: StoredEvent): LoggedEvent {
  return { ...row, payload: JSON.parse(row.payload) as JsonObject };
}
