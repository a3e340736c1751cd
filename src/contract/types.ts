/**
 * The platform's HTTP contract as types, with the platform's own field names: the only thing that
 * the client and the embedded platform share, so that each checks the other.
 *
 * Answers are described as a well-behaved platform sends them. The client trusts none of it and
 * reads every field through `shared/json`.
 */

export type DeliveryMode = "push" | "poll";

export type WorkspaceStatus =
  | "provisioning"
  | "online"
  | "degraded"
  | "offline"
  | "failed"
  | "paused"
  | "hibernating"
  | "hibernated"
  | "awaiting_agent"
  | "removed";

/** What an agent says of itself (A2A); stored by the platform as it comes. */
export interface AgentCard {
  name: string;
  description: string;
  version: string;
  capabilities: { streaming: boolean; pushNotifications: boolean };
  defaultInputModes: string[];
  defaultOutputModes: string[];
  skills: unknown[];
}

/** POST /registry/register. Mind the names: `id` here, `workspace_id` in the heartbeat. */
export interface RegisterRequest {
  id: string;
  agent_card: AgentCard;
  delivery_mode: DeliveryMode;
  url?: string;
}

export interface RegisterResponse {
  status: "registered";
  delivery_mode: DeliveryMode;
  /** Only when the workspace had no live token: the one copy of a new one. */
  auth_token?: string;
  platform_inbound_secret?: string;
}

/** POST /registry/heartbeat. Every field is stored as sent, and what is left out becomes zero. */
export interface HeartbeatRequest {
  workspace_id: string;
  /** 0 to 1; 0.5 degrades the workspace, below 0.1 lets it recover. */
  error_rate: number;
  sample_error: string;
  active_tasks: number;
  uptime_seconds: number;
  current_task: string;
  /** Cents; 0 leaves the stored value. */
  monthly_spend: number;
  /** Exactly "" when healthy; any other value keeps a degraded workspace degraded. */
  runtime_state: "" | "wedged";
}

export interface HeartbeatResponse {
  status: "ok";
  platform_inbound_secret?: string;
  generation?: number;
}

/** A row of GET /workspaces/:id/activity. */
export interface ActivityRow {
  /** A random UUID: says nothing about order. */
  id: string;
  workspace_id: string;
  activity_type: string;
  status: string;
  /** The sending workspace; null is the canvas user. */
  source_id: string | null;
  target_id: string | null;
  method: string | null;
  summary: string | null;
  error_detail: string | null;
  duration_ms: number | null;
  /** RFC 3339 with up to nanoseconds. */
  created_at: string;
  /** Left out of the row when null, like the two below. */
  request_body?: unknown;
  response_body?: unknown;
  tool_trace?: unknown;
  /** Revision 2: monotonic within the platform. */
  seq?: number;
}

/** A2A message parts: v0.3 says `kind`, older senders and this platform also `type`. */
export interface TextPart {
  kind: "text";
  type: "text";
  text: string;
}

/** A file, by its address on the platform or with its bytes in base64. */
export interface FilePart {
  kind: "file";
  type: "file";
  file: { name: string; mimeType?: string; size?: number; uri?: string; bytes?: string };
}

/** POST /workspaces/:target/a2a: a JSON-RPC request of A2A v0.3. */
export interface MessageSendRequest {
  jsonrpc: "2.0";
  id: string;
  method: "message/send";
  params: {
    message: {
      kind: "message";
      role: "user" | "agent";
      messageId: string;
      parts: [TextPart, ...FilePart[]];
      contextId?: string;
      taskId?: string;
      metadata?: { [key: string]: unknown };
    };
  };
}

/** What /a2a answers for a target in poll mode: accepted, and no answer on this connection. */
export interface QueuedResponse {
  status: "queued";
  delivery_mode: "poll" | "push-async";
  method: string | null;
}

/** POST /workspaces/:id/notify: a message of the agent to the canvas user. */
export interface NotifyRequest {
  message: string;
  attachments?: { uri: string; name: string; mimeType?: string; size?: number }[];
}

/** A file, as POST /workspaces/:id/chat/uploads answers; multipart field `files`. */
export interface UploadedFile {
  /** In poll mode `platform-pending:<workspace>/<file_id>`. */
  uri: string;
  name: string;
  mimeType: string;
  size: number;
}

export interface UploadResponse {
  files: UploadedFile[];
}

/** The `request_body` of a `chat_upload_receive` row: a file of the canvas user for a poll agent. */
export interface UploadNotice extends UploadedFile {
  file_id: string;
}

/** POST /workspaces/:id/pending-uploads/:file_id/ack. */
export interface UploadAckResponse {
  acked: true;
  /** Somebody had acknowledged it before. */
  raced?: boolean;
}

/** GET /uploads/limits. */
export interface UploadLimits {
  per_file_bytes: number;
  per_request_bytes: number;
  max_attachments_per_message: number;
}

/** GET /workspaces/:id/state. */
export interface StateResponse {
  workspace_id: string;
  status: WorkspaceStatus;
  paused: boolean;
  deleted: boolean;
}

/** GET /workspaces/:id, without what the bridge has no use for. */
export interface WorkspaceResponse {
  id: string;
  name: string;
  role: string | null;
  tier: number;
  status: WorkspaceStatus;
  url: string;
  parent_id: string | null;
  active_tasks: number;
  max_concurrent_tasks: number;
  last_error_rate: number;
  uptime_seconds: number;
  runtime: string;
  agent_card: unknown;
  x: number;
  y: number;
  collapsed: boolean;
  broadcast_enabled: boolean;
  talk_to_user_enabled: boolean;
  last_outbound_at: string | null;
  last_heartbeat_at: string | null;
}

/** POST /workspaces with `external: true`: the token is shown this once. */
export interface CreatedExternalWorkspace {
  id: string;
  external: true;
  status: WorkspaceStatus;
  connection?: { workspace_id: string; platform_url: string; auth_token: string };
}
