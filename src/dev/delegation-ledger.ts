/** The delegations as they lie in the database (contract 3.2). */
import type { Database } from "bun:sqlite";
import type { Clock } from "../shared/clock.ts";

/**
 * `queued` and `dispatched` are the platform's own on their way, `in_progress` is one that an agent
 * carries out and has recorded.
 */
export const DELEGATION_STATUSES = [
  "queued",
  "dispatched",
  "in_progress",
  "completed",
  "failed",
] as const;

export type DelegationStatus = (typeof DELEGATION_STATUSES)[number];

export interface Delegation {
  delegation_id: string;
  source_id: string;
  target_id: string;
  task: string;
  idempotency_key: string | null;
  status: DelegationStatus;
  response: string | null;
  error: string | null;
  /** Milliseconds since 1970, like the next two. */
  created_at: number;
  updated_at: number;
  deadline: number;
}

export type NewDelegation = Pick<
  Delegation,
  "delegation_id" | "source_id" | "target_id" | "task" | "status"
> & { idempotency_key?: string | undefined };

/** What became of one. */
export type DelegationOutcome = { response: string } | { error: string };

/** An agent may take as long as a push may (2.4.5). */
const DEADLINE_MS = 30 * 60_000;

export class DelegationLedger {
  readonly #sqlite: Database;
  readonly #clock: Clock;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** False when there is one of this id, or of the same source and key. */
  add(entry: NewDelegation): boolean {
    const { delegation_id, source_id, target_id, task, status, idempotency_key = null } = entry;
    const now = this.#clock.now();
    const { changes } = this.#sqlite
      .query(
        `INSERT INTO delegations (delegation_id, source_id, target_id, task, idempotency_key,
           status, created_at, updated_at, deadline)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      )
      .run(
        delegation_id,
        source_id,
        target_id,
        task,
        idempotency_key,
        status,
        now,
        now,
        now + DEADLINE_MS,
      );
    return changes > 0;
  }

  findByKey(sourceId: string, key: string): Delegation | undefined {
    const sql = "SELECT * FROM delegations WHERE source_id = ? AND idempotency_key = ?";
    return this.#sqlite.query<Delegation, [string, string]>(sql).get(sourceId, key) ?? undefined;
  }

  /** The newest of this source, else of all, newest first. */
  newest(limit: number, filter: { source?: string; status?: string | undefined }): Delegation[] {
    return this.#sqlite
      .query<Delegation, [string | null, string | null, number]>(
        `SELECT * FROM delegations
         WHERE source_id = coalesce(?1, source_id) AND status = coalesce(?2, status)
         ORDER BY seq DESC LIMIT ?3`,
      )
      .all(filter.source ?? null, filter.status ?? null, limit);
  }

  /** How many there are of each status. */
  count(): Record<DelegationStatus, number> {
    const rows = this.#sqlite
      .query<{ status: DelegationStatus; n: number }, []>(
        "SELECT status, count(*) AS n FROM delegations GROUP BY status",
      )
      .all();
    const counts = { queued: 0, dispatched: 0, in_progress: 0, completed: 0, failed: 0 };
    for (const { status, n } of rows) counts[status] = n;
    return counts;
  }

  dispatch(id: string): void {
    this.#sqlite
      .query("UPDATE delegations SET status = 'dispatched', updated_at = ? WHERE delegation_id = ?")
      .run(this.#clock.now(), id);
  }

  /** Writes down the outcome; false where this source has no such delegation. */
  settle(sourceId: string, id: string, outcome: DelegationOutcome): boolean {
    const failed = "error" in outcome;
    return (
      this.#sqlite
        .query(
          `UPDATE delegations SET status = ?, response = ?, error = ?, updated_at = ?
           WHERE source_id = ? AND delegation_id = ?`,
        )
        .run(
          failed ? "failed" : "completed",
          failed ? null : outcome.response,
          failed ? outcome.error : null,
          this.#clock.now(),
          sourceId,
          id,
        ).changes > 0
    );
  }

  /** Those that a platform which is gone had under way. */
  failInterrupted(error: string): void {
    this.#sqlite
      .query(
        `UPDATE delegations SET status = 'failed', error = ?, updated_at = ?
         WHERE status IN ('queued', 'dispatched')`,
      )
      .run(error, this.#clock.now());
  }
}
