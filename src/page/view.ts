/** Workspaces as the page shows them. */
import type { WorkspaceRow } from "../dev/workspace-store.ts";
import { clip } from "../shared/text.ts";
import type { PageWorkspace } from "./wire.ts";

/** Of what an agent says of itself, so many characters are shown. */
const MAX_CHARACTERS = 1_000;

/** `connect`: the command line that connects an agent to it, where there is one. */
export function toPageWorkspace(row: WorkspaceRow, connect: string | undefined): PageWorkspace {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    status: row.status,
    mode: row.delivery_mode,
    task: clip(row.current_task, MAX_CHARACTERS),
    activeTasks: row.active_tasks,
    trouble: clip(row.last_sample_error, MAX_CHARACTERS),
    heartbeatAt: row.last_heartbeat_at,
    mayTalk: row.talk_to_user_enabled !== 0,
    connect: connect ?? null,
  };
}
