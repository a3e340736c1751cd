/** The tables of a working copy: the local store's, what that keeps in files, and a list of what has changed. */
import { Database } from "bun:sqlite";
import { MIGRATIONS } from "../schema.ts";

/** What the local store keeps in files. */
const MORE = `
  CREATE TABLE cursors (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last_since_id TEXT, settled_id TEXT, settled_at TEXT, window_start TEXT, fetch_from_id TEXT
  ) STRICT;
  CREATE TABLE tokens (
    one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL, platform TEXT
  ) STRICT;
`;

/** The tables that are shared, in the order in which they are copied, and how many rows of each are read first. */
export const TABLES: Readonly<Record<string, number>> = {
  // Of one row: with more asked for it is clear at once that there is no other.
  meta: 2,
  cursors: 2,
  tokens: 2,
  seen: 5_000,
  messages: 5_000,
  // Each of these may be large.
  raws: 8,
  replies: 8,
  sent_ids: 5_000,
  runs: 5_000,
  notices: 5_000,
  peers: 5_000,
  memory: 50,
};

export interface Column {
  name: string;
  /** In Postgres. */
  type: "bigint" | "text";
}

/** Of each table, without the row's number. */
export type Columns = ReadonlyMap<string, readonly Column[]>;

export interface CopySchema {
  /** The file of an empty copy. */
  file: Uint8Array;
  columns: Columns;
}

let made: CopySchema | undefined;

/** Made once in a process: the statements take longer than all the rest of a copy. */
export function copySchema(): CopySchema {
  return (made ??= make());
}

function make(): CopySchema {
  const sqlite = new Database(":memory:", { strict: true });
  try {
    sqlite.run("PRAGMA auto_vacuum = INCREMENTAL");
    for (const step of [...MIGRATIONS, MORE, noting()]) sqlite.run(step);
    const columns = new Map(Object.keys(TABLES).map((table) => [table, columnsOf(sqlite, table)]));
    return { file: sqlite.serialize(), columns };
  } finally {
    sqlite.close();
  }
}

/** While `noting` has a row, each row that is changed is noted once, by its table and number. */
function noting(): string {
  const triggers = Object.keys(TABLES).flatMap((table) =>
    [
      ["INSERT", "NEW"],
      ["UPDATE", "NEW"],
      ["DELETE", "OLD"],
    ].map(
      ([event, row]) => `
        CREATE TRIGGER ${table}_${event} AFTER ${event} ON ${table}
        WHEN EXISTS (SELECT 1 FROM noting) BEGIN
          INSERT INTO changed SELECT '${table}', ${row}.rowid
          WHERE NOT EXISTS (SELECT 1 FROM changed WHERE tbl = '${table}' AND n = ${row}.rowid);
        END;`,
    ),
  );
  return `
    CREATE TABLE noting (one INTEGER PRIMARY KEY);
    CREATE TABLE changed (tbl TEXT, n INTEGER, PRIMARY KEY (tbl, n)) WITHOUT ROWID;
    ${triggers.join("")}`;
}

function columnsOf(sqlite: Database, table: string): Column[] {
  const found = sqlite
    .query<{ name: string; pk: number; type: string }, []>(`PRAGMA table_info(${table})`)
    .all();
  // A whole number that is the primary key is the row's number itself (sqlite.org/rowidtable.html).
  return found
    .filter(({ pk, type }) => pk === 0 || type !== "INTEGER")
    .map(({ name, type }) => ({ name, type: type === "INTEGER" ? "bigint" : "text" }));
}
