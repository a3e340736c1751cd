/**
 * The tables. Times are milliseconds since 1970, but for `activities.created_at`: RFC 3339 in UTC with
 * nine digits, so that its order as text is its order in time.
 */

/** Marks a file as ours (SQLite's application_id): "MoDv". */
export const APPLICATION_ID = 0x4d6f4476;

/**
 * Rows of the conversation with the canvas: its messages, the notices of the agent, and what that says
 * of its progress. An index is used where a query has its very condition: neither this nor the next
 * can be changed without a step that makes the index anew.
 */
export const OF_CANVAS = `(activity_type = 'a2a_receive' AND source_id IS NULL
    AND method IS NOT 'chat_upload_receive' OR activity_type = 'task_update' AND summary <> '')`;

/** Messages from one workspace to another; not what an agent notes in its own feed. */
export const OF_PEERS = "(activity_type = 'a2a_receive' AND source_id <> workspace_id)";

/** One step for each schema version; PRAGMA user_version counts those taken. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT,
    tier INTEGER NOT NULL DEFAULT 1,
    status TEXT NOT NULL,
    runtime TEXT NOT NULL DEFAULT 'external',
    delivery_mode TEXT NOT NULL DEFAULT 'push',
    url TEXT NOT NULL DEFAULT '',
    parent_id TEXT REFERENCES workspaces (id) ON DELETE SET NULL,
    agent_card TEXT,
    inbound_secret TEXT,
    active_tasks INTEGER NOT NULL DEFAULT 0,
    max_concurrent_tasks INTEGER NOT NULL DEFAULT 1,
    last_error_rate REAL NOT NULL DEFAULT 0,
    last_sample_error TEXT NOT NULL DEFAULT '',
    uptime_seconds INTEGER NOT NULL DEFAULT 0,
    current_task TEXT NOT NULL DEFAULT '',
    runtime_metadata TEXT,
    monthly_spend INTEGER NOT NULL DEFAULT 0,
    budget_limit INTEGER,
    workspace_dir TEXT,
    x REAL NOT NULL DEFAULT 0,
    y REAL NOT NULL DEFAULT 0,
    collapsed INTEGER NOT NULL DEFAULT 0,
    broadcast_enabled INTEGER NOT NULL DEFAULT 0,
    talk_to_user_enabled INTEGER NOT NULL DEFAULT 1,
    last_acked_seq INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    last_heartbeat_at INTEGER,
    last_outbound_at INTEGER,
    removed_at INTEGER
  ) STRICT;
  CREATE INDEX workspaces_by_parent ON workspaces (parent_id);

  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
  ) STRICT;
  CREATE INDEX tokens_by_workspace ON tokens (workspace_id);

  CREATE TABLE activities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    activity_type TEXT NOT NULL,
    status TEXT NOT NULL,
    source_id TEXT,
    target_id TEXT,
    method TEXT,
    summary TEXT,
    error_detail TEXT,
    duration_ms INTEGER,
    request_body TEXT,
    response_body TEXT,
    message_id TEXT,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX activities_in_order ON activities (workspace_id, created_at, seq);
  CREATE UNIQUE INDEX activities_by_message ON activities (workspace_id, message_id)
    WHERE message_id IS NOT NULL;
  `,
  // A reader of one type need not pass over the rows of all others.
  "CREATE INDEX activities_by_type ON activities (workspace_id, activity_type, created_at, seq)",
  // In pieces, so that no file has to be in memory whole. A size of null: it is still coming.
  `
  CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER,
    created_at INTEGER NOT NULL,
    acked_at INTEGER
  ) STRICT;
  CREATE INDEX uploads_by_workspace ON uploads (workspace_id);

  CREATE TABLE upload_pieces (
    upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (upload_id, n)
  ) STRICT;
  `,
  `
  CREATE TABLE org_tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
  ) STRICT;
  `,
  // Without references to workspaces: what was done, was done, also when they are purged.
  `
  CREATE TABLE delegations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delegation_id TEXT NOT NULL UNIQUE,
    source_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    task TEXT NOT NULL,
    idempotency_key TEXT,
    status TEXT NOT NULL,
    response TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX delegations_by_source ON delegations (source_id, seq);
  CREATE UNIQUE INDEX delegations_by_key ON delegations (source_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;

  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event_type TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_workspace ON events (workspace_id, seq);
  `,
  // Who looks at a conversation need not pass over all else that is in the feed.
  `
  CREATE INDEX activities_of_canvas ON activities (workspace_id, created_at, seq)
    WHERE ${OF_CANVAS};
  CREATE INDEX activities_of_peers ON activities (workspace_id, created_at, seq)
    WHERE ${OF_PEERS};
  CREATE INDEX activities_to_peers ON activities (source_id, created_at, seq)
    WHERE ${OF_PEERS};
  `,
];
