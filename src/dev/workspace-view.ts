/** Workspaces as the API shows them (contract 2.7 to 2.9, 3.1). */
import type { StateResponse, WorkspaceResponse } from "../contract/types.ts";
import type { Revision } from "./revision.ts";
import type { WorkspaceRow } from "./workspace-store.ts";

/** A workspace as one of the revisions shows it: `last_heartbeat_at` came with the second. */
type Shown = Omit<WorkspaceResponse, "last_heartbeat_at"> &
  Partial<Pick<WorkspaceResponse, "last_heartbeat_at">>;

/** GET /workspaces/:id: open to anyone, hence without spend and tasks. */
export function toWorkspace(row: WorkspaceRow, { showsHeartbeat }: Revision): Shown {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    tier: row.tier,
    status: row.status,
    url: row.url,
    parent_id: row.parent_id,
    active_tasks: row.active_tasks,
    max_concurrent_tasks: row.max_concurrent_tasks,
    last_error_rate: row.last_error_rate,
    uptime_seconds: row.uptime_seconds,
    runtime: row.runtime,
    agent_card: cardOf(row),
    x: row.x,
    y: row.y,
    collapsed: row.collapsed !== 0,
    broadcast_enabled: row.broadcast_enabled !== 0,
    talk_to_user_enabled: row.talk_to_user_enabled !== 0,
    last_outbound_at: toTime(row.last_outbound_at),
    ...(showsHeartbeat ? { last_heartbeat_at: toTime(row.last_heartbeat_at) } : {}),
  };
}

/** A line of GET /workspaces, for administrators. */
export function toListed(row: WorkspaceRow, revision: Revision) {
  return {
    ...toWorkspace(row, revision),
    budget_limit: row.budget_limit,
    monthly_spend: row.monthly_spend,
    current_task: row.current_task,
    last_sample_error: row.last_sample_error,
    workspace_dir: row.workspace_dir,
  };
}

/** A line of GET /registry/:id/peers. */
export function toPeer(row: WorkspaceRow) {
  const { id, name, role, tier, status, url, parent_id, active_tasks } = row;
  return { id, name, role, tier, status, url, parent_id, active_tasks, agent_card: cardOf(row) };
}

export function toState(row: WorkspaceRow): StateResponse {
  return {
    workspace_id: row.id,
    status: row.status,
    paused: row.status === "paused",
    deleted: false,
  };
}

/** RFC 3339 of milliseconds since 1970. */
export function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function cardOf(row: WorkspaceRow): unknown {
  return row.agent_card === null ? null : JSON.parse(row.agent_card);
}
