/** What happens on the platform, as it tells it (contract 2.11, 3.6). */

/** The events of this platform, by the names of the contract (2.11); the real one has more. */
export type EventType =
  | "ACTIVITY_LOGGED"
  | "AGENT_CARD_UPDATED"
  | "AGENT_MESSAGE"
  | "BROADCAST_MESSAGE"
  | "DELEGATION_COMPLETE"
  | "DELEGATION_FAILED"
  | "DELEGATION_SENT"
  | "DELEGATION_STATUS"
  | "EXTERNAL_CREDENTIALS_ROTATED"
  | "TASK_UPDATED"
  | "WORKSPACE_AWAITING_AGENT"
  | "WORKSPACE_DEGRADED"
  | "WORKSPACE_HEARTBEAT"
  | "WORKSPACE_HIBERNATED"
  | "WORKSPACE_OFFLINE"
  | "WORKSPACE_ONLINE"
  | "WORKSPACE_PAUSED"
  | "WORKSPACE_PROVISIONING"
  | "WORKSPACE_PROVISION_FAILED"
  | "WORKSPACE_REMOVED";

/** The `data:` line of a frame of GET /workspaces/:id/events/stream. */
export interface EventFrame {
  type: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  data: { [key: string]: unknown };
}

/** A row of GET /events and GET /events/:workspaceId. */
export interface StructureEvent {
  id: string;
  event_type: string;
  workspace_id: string;
  payload: { [key: string]: unknown };
  created_at: string;
}
