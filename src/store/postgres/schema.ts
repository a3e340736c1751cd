/**
 * The tables in Postgres, in a schema of their own. Those of a workspace have the columns of the local
 * store's (src/store/schema.ts) and of the copy (working-copy.ts), after the workspace's id and the row's
 * number there: what else is unique among them the copy sees to. Times that the lease hangs on are the
 * database's own.
 */

/** One step for each version of the schema, which `molecule.schema_version` tells of. */
export const MIGRATIONS: readonly string[] = [
  `
  -- A process that serves workspaces, or waits for some. What it holds is free once it is removed here;
  -- who finds that it has expired may do so. capacity: --max-workspaces. list: tells its list of workspaces
  -- from others; those of one list share it. holding, waiting: how many of them it serves,
  -- and would serve.
  CREATE TABLE molecule.members (
    id text COLLATE "C" PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    capacity integer,
    list text NOT NULL DEFAULT '',
    holding integer NOT NULL DEFAULT 0,
    waiting integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL
  ) WITH (fillfactor = 50);

  -- Who holds a workspace. epoch: the fencing number, one more with each new holder. version: one more
  -- with each commit. commit_id: the holder's last one. touched: changed from outside since the
  -- holder took or read it.
  CREATE TABLE molecule.workspaces (
    id text COLLATE "C" PRIMARY KEY,
    owner text COLLATE "C" REFERENCES molecule.members ON DELETE SET NULL,
    epoch bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    commit_id text,
    touched boolean NOT NULL DEFAULT false,
    taken_at timestamptz
  ) WITH (fillfactor = 50);
  CREATE INDEX workspaces_by_owner ON molecule.workspaces (owner);
  CREATE INDEX workspaces_touched ON molecule.workspaces (owner) WHERE touched;

  CREATE TABLE molecule.cursors (
    ws text COLLATE "C", n bigint,
    last_since_id text, settled_id text, settled_at text, window_start text, fetch_from_id text,
    PRIMARY KEY (ws, n)
  ) WITH (fillfactor = 50);
  CREATE TABLE molecule.tokens (
    ws text COLLATE "C", n bigint, value text NOT NULL, platform text,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.meta (
    ws text COLLATE "C", n bigint,
    session bigint NOT NULL, flushes bigint NOT NULL, anchor_id text, anchor_at text,
    PRIMARY KEY (ws, n)
  ) WITH (fillfactor = 50);
  CREATE TABLE molecule.seen (
    ws text COLLATE "C", n bigint,
    id text NOT NULL, at text NOT NULL, notice text, entered_ms bigint NOT NULL,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.messages (
    ws text COLLATE "C", n bigint,
    id text NOT NULL, at text NOT NULL, holds bigint NOT NULL, lane text NOT NULL,
    state text NOT NULL, attempts bigint NOT NULL, crashes bigint NOT NULL,
    generation bigint NOT NULL, told bigint NOT NULL, interrupted bigint NOT NULL,
    is_reply bigint NOT NULL, is_empty bigint NOT NULL, run bigint, session bigint, pid bigint,
    identity text, reason text, died_ms bigint,
    PRIMARY KEY (ws, n)
  ) WITH (fillfactor = 50);
  CREATE TABLE molecule.raws (
    ws text COLLATE "C", n bigint, bytes bigint NOT NULL, raw text NOT NULL,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.replies (
    ws text COLLATE "C", n bigint,
    activity_id text NOT NULL, at text NOT NULL, kind text NOT NULL, generation bigint NOT NULL,
    state text NOT NULL, lane text NOT NULL, digest text, dead_reason text,
    since_ms bigint NOT NULL, session bigint NOT NULL, bytes bigint NOT NULL, body text NOT NULL,
    attachments text,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.sent_ids (
    ws text COLLATE "C", n bigint,
    key text NOT NULL, digest text NOT NULL, activity_id text NOT NULL, entered_ms bigint NOT NULL,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.runs (
    ws text COLLATE "C", n bigint, lane text NOT NULL, at_ms bigint NOT NULL,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.notices (
    ws text COLLATE "C", n bigint, digest text NOT NULL, at text NOT NULL, at_ms bigint NOT NULL,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.peers (
    ws text COLLATE "C", n bigint, peer text NOT NULL, mode text NOT NULL,
    PRIMARY KEY (ws, n)
  );
  CREATE TABLE molecule.memory (
    ws text COLLATE "C", n bigint, key text NOT NULL, value text NOT NULL, at_ms bigint NOT NULL,
    PRIMARY KEY (ws, n)
  );
  `,
];
