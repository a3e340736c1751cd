/** Opening `<workspace-id>.db`: made for its owner alone, checked, and brought up to date. */
import { Database } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { codeOf, MoleculeError } from "../shared/errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { databaseError, fileError, MOVE_AWAY } from "./store-error.ts";

const BUSY_TIMEOUT_MS = 5_000;
/** Beyond this, the log of changes is cut back to it once it is written into the database. */
const LOG_BYTES = 16 * 1024 * 1024;
/** It is written into the database when it has this many pages of 4 KiB, which flushes both files. */
const LOG_PAGES = 4_000;

/**
 * The connection to our database at `path`, which is made where it is missing. A MoleculeError
 * names a file that can't be made or read, is something else, or was written by a newer version. It waits
 * `waitMs` for another program's write, which holds up the whole process.
 */
export function openSqlite(path: string, waitMs = BUSY_TIMEOUT_MS): Database {
  createPrivate(path);
  let sqlite: Database | undefined;
  try {
    sqlite = new Database(path, { readwrite: true, create: true, strict: true });
    // First, since whatever reads may have to wait.
    sqlite.run(`PRAGMA busy_timeout = ${waitMs}`);
    // What is set aside at the first page that is read, twenty of them otherwise, stays for good.
    sqlite.run("PRAGMA cache_size = 4");
    // Before anything is changed in a file that may be another's.
    const version = check(sqlite, path);
    // Takes effect only while there is no table; without it a flood would leave a huge file behind.
    if (version === 0) sqlite.run("PRAGMA auto_vacuum = INCREMENTAL");
    sqlite.run("PRAGMA journal_mode = WAL");
    sqlite.run(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    sqlite.run(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
    sqlite.run("PRAGMA synchronous = FULL");
    if (version < MIGRATIONS.length) migrate(sqlite, path);
    return sqlite;
  } catch (error) {
    sqlite?.close();
    throw databaseError(path, error);
  }
}

/**
 * SQLite makes files for everyone to read; its -wal and -shm files take the mode of this one. A file
 * that is there is not opened: to close it would drop the locks that SQLite has on it.
 */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    throw fileError(`the database ${path} can't be made`, error);
  }
}

/**
 * The version of the schema; 0 for a new file. Throws a MoleculeError for another program's database, and
 * for one of a newer version of this tool.
 */
export function check(sqlite: Database, path: string): number {
  const version = number(sqlite, "SELECT user_version AS it FROM pragma_user_version");
  const tables = number(sqlite, "SELECT count(*) AS it FROM sqlite_schema");
  const owner = number(sqlite, "SELECT application_id AS it FROM pragma_application_id");
  if (tables > 0 && owner !== APPLICATION_ID) {
    throw new MoleculeError(`the database ${path} was made by another program`, {
      hint: `It is left as it is. ${MOVE_AWAY}`,
    });
  }
  if (version > MIGRATIONS.length) {
    throw new MoleculeError(`the database ${path} was written by a newer version of molecule`, {
      hint: `Upgrade molecule, or start again with an empty one. ${MOVE_AWAY}`,
    });
  }
  return version;
}

function migrate(sqlite: Database, path: string): void {
  sqlite
    .transaction(() => {
      // Again, now that nobody else can change it.
      const version = check(sqlite, path);
      for (const step of MIGRATIONS.slice(version)) sqlite.run(step);
      sqlite.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
      sqlite.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    })
    .immediate();
}

/** The number that a query gives as `it`; 0 where it gives none. */
export function number(sqlite: Database, query: string): number {
  const statement = sqlite.prepare<{ it: number }, []>(query);
  try {
    return statement.get()?.it ?? 0;
  } finally {
    // A connection that still has a statement does not close.
    statement.finalize();
  }
}
