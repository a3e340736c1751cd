/** The workspaces as they lie in the database. What a change means is decided by the endpoints. */
import type { Database } from "bun:sqlite";
import type { DeliveryMode, WorkspaceStatus } from "../contract/types.ts";
import type { Clock } from "../shared/clock.ts";
import { isUuid } from "../shared/ids.ts";
import { randomToken } from "./token-store.ts";

export interface WorkspaceRow {
  id: string;
  name: string;
  role: string | null;
  tier: number;
  status: WorkspaceStatus;
  runtime: string;
  delivery_mode: DeliveryMode;
  url: string;
  parent_id: string | null;
  /** JSON text, like `runtime_metadata`. */
  agent_card: string | null;
  inbound_secret: string | null;
  active_tasks: number;
  max_concurrent_tasks: number;
  last_error_rate: number;
  last_sample_error: string;
  uptime_seconds: number;
  current_task: string;
  runtime_metadata: string | null;
  monthly_spend: number;
  budget_limit: number | null;
  workspace_dir: string | null;
  x: number;
  y: number;
  /** 0 or 1, like the two below. */
  collapsed: number;
  broadcast_enabled: number;
  talk_to_user_enabled: number;
  last_acked_seq: number;
  created_at: number;
  last_heartbeat_at: number | null;
  last_outbound_at: number | null;
  removed_at: number | null;
}

/** Column values by name; only names from {@link WorkspaceRow} ever reach the SQL. */
export type WorkspaceChange = Partial<Omit<WorkspaceRow, "id" | "created_at">>;

export type NewWorkspace = { id: string; name: string; status: WorkspaceStatus } & WorkspaceChange;

export class Workspaces {
  readonly #sqlite: Database;
  readonly #clock: Clock;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  find(id: string): WorkspaceRow | undefined {
    return this.#one("SELECT * FROM workspaces WHERE id = ?", id);
  }

  /** The workspace of this name that is not removed. */
  findByName(name: string): WorkspaceRow | undefined {
    return this.#one("SELECT * FROM workspaces WHERE name = ? AND status <> 'removed'", name);
  }

  /** All that are not removed, oldest first. */
  all(): WorkspaceRow[] {
    return this.#sqlite
      .query<WorkspaceRow, []>(
        "SELECT * FROM workspaces WHERE status <> 'removed' ORDER BY created_at, rowid",
      )
      .all();
  }

  /** The direct children that are not removed. */
  children(id: string): WorkspaceRow[] {
    return this.#sqlite
      .query<WorkspaceRow, [string]>(
        `SELECT * FROM workspaces WHERE parent_id = ? AND status <> 'removed'
         ORDER BY created_at, rowid`,
      )
      .all(id);
  }

  /** Children, their children and so on, less the removed ones. */
  descendants(id: string): WorkspaceRow[] {
    const found: WorkspaceRow[] = [];
    for (let level = this.children(id); level.length > 0;) {
      found.push(...level);
      level = level.flatMap((row) => this.children(row.id));
    }
    return found;
  }

  insert(row: NewWorkspace): void {
    const columns = { created_at: this.#clock.now(), ...row };
    const names = Object.keys(columns);
    this.#sqlite
      .query(
        `INSERT INTO workspaces (${names.join(", ")})
         VALUES (${names.map((name) => `$${name}`).join(", ")})`,
      )
      .run(columns);
  }

  /** Changes the row, unless it is removed: that is final. */
  change(id: string, change: WorkspaceChange): void {
    const sets = Object.keys(change).map((name) => `${name} = $${name}`);
    this.#sqlite
      .query(`UPDATE workspaces SET ${sets.join(", ")} WHERE id = $id AND status <> 'removed'`)
      .run({ ...change, id });
  }

  /** Deletes the row and, with it, its tokens and activities. */
  purge(id: string): void {
    this.#sqlite.query("DELETE FROM workspaces WHERE id = ?").run(id);
  }

  /**
   * The secret that the platform shows to this agent when it calls it, made on first use. `fresh`
   * says that the agent can't know it yet.
   */
  inboundSecret(row: WorkspaceRow): { secret: string; fresh: boolean } {
    if (row.inbound_secret !== null) return { secret: row.inbound_secret, fresh: false };
    const secret = randomToken();
    this.change(row.id, { inbound_secret: secret });
    return { secret, fresh: true };
  }

  /** Online workspaces that gave no sign of life since `before` wait for their agent; their ids. */
  expire(before: number): string[] {
    return this.#sqlite
      .query<{ id: string }, [number]>(
        `UPDATE workspaces SET status = 'awaiting_agent'
         WHERE status = 'online' AND coalesce(last_heartbeat_at, created_at) < ? RETURNING id`,
      )
      .all(before)
      .map(({ id }) => id);
  }

  #one(sql: string, value: string): WorkspaceRow | undefined {
    return this.#sqlite.query<WorkspaceRow, [string]>(sql).get(value) ?? undefined;
  }
}

/** An id as the database keeps it: UUIDs compare without regard to case. */
export function canonicalId(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text;
}
