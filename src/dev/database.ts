/** The platform's data: one SQLite file, readable by its owner alone. */
import { Database, SQLiteError } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import type { Clock } from "../shared/clock.ts";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { Activities } from "./activity-store.ts";
import { ActivityViews } from "./activity-views.ts";
import { DelegationLedger } from "./delegation-ledger.ts";
import { EventLog } from "./event-log.ts";
import { OrgTokens } from "./org-token-store.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { Tokens } from "./token-store.ts";
import { Uploads } from "./upload-store.ts";
import { Workspaces } from "./workspace-store.ts";

export class DevDatabase {
  readonly workspaces: Workspaces;
  readonly tokens: Tokens;
  readonly activities: Activities;
  readonly views: ActivityViews;
  readonly uploads: Uploads;
  readonly orgTokens: OrgTokens;
  readonly delegations: DelegationLedger;
  readonly events: EventLog;
  readonly #sqlite: Database;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.workspaces = new Workspaces(sqlite, clock);
    this.tokens = new Tokens(sqlite, clock);
    this.activities = new Activities(sqlite, clock);
    this.views = new ActivityViews(sqlite);
    this.uploads = new Uploads(sqlite, clock);
    this.orgTokens = new OrgTokens(sqlite, clock);
    this.delegations = new DelegationLedger(sqlite, clock);
    this.events = new EventLog(sqlite, clock);
  }

  /** Runs `work` so that the file holds all of it or nothing. Its activities share one instant. */
  transaction<T>(work: () => T): T {
    return this.activities.together(work);
  }

  close(): void {
    this.#sqlite.close();
  }
}

/**
 * Opens or makes the database at `path` (":memory:" for none on disk) and brings its tables up to
 * date. A MoleculeError names a file that can't be made, is something else, or is too new.
 */
export function openDatabase(path: string, clock: Clock): DevDatabase {
  if (path !== ":memory:") createPrivate(path);
  let sqlite: Database | undefined;
  try {
    sqlite = new Database(path, { readwrite: true, create: true, strict: true });
    sqlite.run("PRAGMA busy_timeout = 5000");
    migrate(sqlite, path);
    // A development server may lose the last moments in a power cut, never its consistency.
    sqlite.run("PRAGMA journal_mode = WAL");
    sqlite.run("PRAGMA synchronous = NORMAL");
    sqlite.run("PRAGMA foreign_keys = ON");
    return new DevDatabase(sqlite, clock);
  } catch (error) {
    sqlite?.close();
    if (!(error instanceof SQLiteError)) throw error;
    if (error.code === "SQLITE_NOTADB") throw foreign(path);
    throw new MoleculeError(`cannot open the database ${path}: ${error.message}`, {
      hint: "check that the file and its folder can be written, or choose another with --db",
      cause: error,
    });
  }
}

/** SQLite makes files for everyone to read; its -wal and -shm files take the mode of this one. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    throw new MoleculeError(`cannot make the database ${path}: ${messageOf(error)}`, {
      hint: "choose a file in a folder that exists and that you may write to, with --db",
      cause: error,
    });
  }
}

function migrate(sqlite: Database, path: string): void {
  sqlite
    .transaction(() => {
      const version = pragma(sqlite, "user_version");
      const tables = sqlite.query("SELECT 1 FROM sqlite_schema LIMIT 1").get();
      if (tables !== null && pragma(sqlite, "application_id") !== APPLICATION_ID) {
        throw foreign(path);
      }
      if (version > MIGRATIONS.length) {
        throw new MoleculeError(`the database ${path} was written by a newer version of molecule`, {
          hint: "upgrade molecule, or choose another file with --db",
        });
      }
      for (const step of MIGRATIONS.slice(version)) sqlite.run(step);
      sqlite.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
      sqlite.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    })
    .immediate();
}

function pragma(sqlite: Database, name: "user_version" | "application_id"): number {
  const row = sqlite.query<{ [key: string]: number }, []>(`PRAGMA ${name}`).get();
  return row?.[name] ?? 0;
}

function foreign(path: string): MoleculeError {
  return new MoleculeError(`${path} is not a database of molecule dev`, {
    hint: "it was left as it is; choose another file with --db",
  });
}
