/**
 * The tables of `<workspace-id>.db`. `at` is RFC 3339 in UTC with nine digits, so that its order as
 * text is its order in time; columns that end in `_ms` are milliseconds since 1970.
 */

/** Marks a file as ours (SQLite's application_id): "MoSt". */
export const APPLICATION_ID = 0x4d6f5374;

/** A message that something will still happen to. Written into queries as it stands in the index. */
export const OPEN = "state IN ('waiting', 'running', 'answered')";

/** One step for each schema version; PRAGMA user_version counts those taken. */
export const MIGRATIONS: readonly string[] = [
  `
  -- Every row of the feed that was entered.
  CREATE TABLE seen (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    notice TEXT,
    entered_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX seen_in_order ON seen (at, n);
  CREATE INDEX seen_notices ON seen (notice, at) WHERE notice IS NOT NULL;

  -- Those of them that ask for something, under the same number: each index more would be written
  -- with every message. 'handed': settled, but for its reply that a peer holds open. 'holds': it
  -- keeps the watermark before it.
  CREATE TABLE messages (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    holds INTEGER NOT NULL DEFAULT 1,
    lane TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting'
      CHECK (state IN ('waiting', 'running', 'answered', 'handed', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    generation INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    is_reply INTEGER NOT NULL DEFAULT 0,
    is_empty INTEGER NOT NULL DEFAULT 0,
    run INTEGER,
    session INTEGER,
    pid INTEGER,
    identity TEXT,
    reason TEXT,
    died_ms INTEGER
  ) STRICT;
  CREATE INDEX messages_open ON messages (lane, at, n) WHERE ${OPEN};
  CREATE INDEX messages_holding ON messages (at, n) WHERE holds = 1;
  CREATE INDEX messages_dead ON messages (at, n) WHERE state = 'dead';

  -- Apart from the messages, so that a change of state does not write the whole row again.
  CREATE TABLE raws (
    n INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL,
    raw TEXT NOT NULL
  ) STRICT;

  -- 'undelivered': kept with its dead letter. 'session' is the process that kept it or handed it over.
  CREATE TABLE replies (
    n INTEGER PRIMARY KEY,
    activity_id TEXT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    generation INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'handed', 'undelivered')),
    lane TEXT NOT NULL,
    digest TEXT,
    dead_reason TEXT,
    since_ms INTEGER NOT NULL,
    session INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX replies_by_activity ON replies (activity_id);
  CREATE INDEX replies_pending ON replies (lane, at, n) WHERE state = 'pending';

  -- The ids that senders gave, as digests of lane and id.
  CREATE TABLE sent_ids (
    n INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    activity_id TEXT NOT NULL,
    entered_ms INTEGER NOT NULL,
    UNIQUE (key, digest)
  ) STRICT;
  CREATE INDEX sent_ids_by_age ON sent_ids (entered_ms);

  CREATE TABLE runs (
    n INTEGER PRIMARY KEY,
    lane TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_lane ON runs (lane, at_ms);
  CREATE INDEX runs_by_age ON runs (at_ms);

  -- Notices that were posted for certain: 'at' by the platform's clock, 'at_ms' by ours.
  CREATE TABLE notices (
    n INTEGER PRIMARY KEY,
    digest TEXT NOT NULL,
    at TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX notices_by_digest ON notices (digest, at);
  CREATE INDEX notices_by_age ON notices (at_ms);

  CREATE TABLE peers (peer TEXT PRIMARY KEY, mode TEXT NOT NULL) STRICT;
  CREATE TABLE memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  -- One row. 'session' counts the processes that opened the store, 'flushes' the durable commits.
  CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    session INTEGER NOT NULL DEFAULT 0,
    flushes INTEGER NOT NULL DEFAULT 0,
    anchor_id TEXT,
    anchor_at TEXT
  ) STRICT;
  INSERT INTO meta (one) VALUES (1);

  -- One row, kept by the triggers below, so that counting costs nothing however much there is.
  CREATE TABLE totals (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seen INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  INSERT INTO totals (one) VALUES (1);
  CREATE TRIGGER seen_added AFTER INSERT ON seen BEGIN
    UPDATE totals SET seen = seen + 1;
  END;
  CREATE TRIGGER seen_removed AFTER DELETE ON seen BEGIN
    UPDATE totals SET seen = seen - 1;
  END;
  CREATE TRIGGER message_added AFTER INSERT ON messages BEGIN
    UPDATE totals SET waiting = waiting + (NEW.${OPEN}), dead = dead + (NEW.state = 'dead');
  END;
  CREATE TRIGGER message_removed AFTER DELETE ON messages BEGIN
    UPDATE totals SET waiting = waiting - (OLD.${OPEN}), dead = dead - (OLD.state = 'dead');
  END;
  CREATE TRIGGER message_moved AFTER UPDATE OF state ON messages
  WHEN (OLD.${OPEN}, OLD.state = 'dead') <> (NEW.${OPEN}, NEW.state = 'dead') BEGIN
    UPDATE totals SET
      waiting = waiting + (NEW.${OPEN}) - (OLD.${OPEN}),
      dead = dead + (NEW.state = 'dead') - (OLD.state = 'dead');
  END;
  CREATE TRIGGER raw_added AFTER INSERT ON raws BEGIN
    UPDATE totals SET bytes = bytes + NEW.bytes;
  END;
  CREATE TRIGGER raw_removed AFTER DELETE ON raws BEGIN
    UPDATE totals SET bytes = bytes - OLD.bytes;
  END;
  CREATE TRIGGER reply_added AFTER INSERT ON replies BEGIN
    UPDATE totals SET bytes = bytes + NEW.bytes;
  END;
  CREATE TRIGGER reply_removed AFTER DELETE ON replies BEGIN
    UPDATE totals SET bytes = bytes - OLD.bytes;
  END;
  `,
  `
  -- Files that go with a notice, as JSON.
  ALTER TABLE replies ADD COLUMN attachments TEXT;
  -- When it was last remembered. What is there already counts from now on.
  ALTER TABLE memory ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;
  UPDATE memory SET at_ms = CAST(strftime('%s', 'now') AS INTEGER) * 1000;
  CREATE INDEX memory_by_age ON memory (at_ms);
  `,
];
