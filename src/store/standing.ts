/** Where the messages of a workspace stand, looked at again and again from outside its bridge. */
import type { Database } from "bun:sqlite";
import { systemClock, type Clock } from "../shared/clock.ts";
import { codeOf, type MoleculeError } from "../shared/errors.ts";
import { ChangeMarks, isUnchanged, type ChangeMark } from "./change-mark.ts";
import { pathsOf } from "./local.ts";
import { check } from "./open-database.ts";
import { openToRead, putLogAway } from "./open-to-read.ts";
import { Sql } from "./sql.ts";
import {
  countMessages,
  newestStandings,
  NO_MESSAGES,
  standingsOf,
  type MessageCounts,
  type MessageStanding,
} from "./standing-rows.ts";
import type { Place } from "./store.ts";
import { databaseError, fileError } from "./store-error.ts";

export type { MessageStanding };

/** Messages of each kind that are told of. */
const MOST = 500;
/** How long a look may wait for a bridge that is writing, which holds up the whole process, in ms. */
const BUSY_MS = 100;
/** A bridge that begins or ends while the file is read is over with it soon. */
const TRIES = 3;

/** What was found at one look. The counts are exact, however many there are. */
export interface StandingView extends MessageCounts {
  /**
   * By activity ids: the newest 500 of what something will still happen to, of the dead letters, and of what
   * is settled; and how those stand now that were told of before as unsettled.
   */
  readonly standings: ReadonlyMap<string, MessageStanding>;
}

const NOTHING: StandingView = { ...NO_MESSAGES, standings: new Map() };

export interface StandingsParts {
  clock?: Pick<Clock, "now">;
  /** How the database is opened. */
  open?: (path: string) => Database;
}

type Found = { view: StandingView } | { error: MoleculeError };

/** Changes nothing that a bridge would miss, and has nothing open between two calls that is in its way. */
export class Standings {
  readonly #path: string;
  readonly #marks: ChangeMarks;
  readonly #clock: Pick<Clock, "now">;
  readonly #open: (path: string) => Database;
  #last: { mark: ChangeMark; found: Found } | undefined;
  /** Those that were told of, and are not among the newest any more. */
  #old = new Map<string, MessageStanding>();

  /** Touches nothing yet. Throws a MoleculeError for what is no workspace id. */
  constructor(folder: string, workspaceId: string, parts: StandingsParts = {}) {
    const paths = pathsOf(folder, workspaceId);
    this.#path = paths.database;
    this.#marks = new ChangeMarks(paths);
    this.#clock = parts.clock ?? systemClock;
    this.#open = parts.open ?? openToRead;
  }

  /**
   * How they stand, the same object where nothing was committed since the last look: that costs some
   * microseconds. Undefined where there is no database. Throws a MoleculeError for one that is damaged,
   * locked, another program's, or a newer version's.
   */
  look(): StandingView | undefined {
    const mark = this.#mark();
    if (mark === undefined) {
      this.#last = undefined;
      this.#old.clear();
      return undefined;
    }
    if (this.#last === undefined || !isUnchanged(this.#last.mark, mark)) {
      this.#last = this.#find(mark);
    }
    const { found } = this.#last;
    if ("view" in found) return found.view;
    // Whoever holds it lets go of it without a sign.
    if (/^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(found.error) ?? "")) this.#last = undefined;
    throw found.error;
  }

  /**
   * Where these rows stand, by their ids; those that are not known are left out, unless they are given with
   * their time, and are older than what is remembered. Throws as {@link look} does.
   */
  of(rows: readonly (string | Place)[]): Map<string, MessageStanding> {
    const mark = this.#mark();
    if (mark === undefined) return new Map();
    const { found } = this.#read(mark, (sql) => standingsOf(sql, rows));
    if ("error" in found) throw found.error;
    return found.value ?? new Map();
  }

  #find(mark: ChangeMark): { mark: ChangeMark; found: Found } {
    const read = this.#read(mark, (sql) => this.#view(sql));
    if ("error" in read.found) return { mark: read.mark, found: read.found };
    const view = read.found.value ?? NOTHING;
    // One that ended while we looked could not take its log away, since we were in its way. A crash is
    // left as it is: what its log holds is read, and the next bridge tidies up.
    if (mark.hasLog && !mark.isHeld) putLogAway(this.#path);
    return { mark: read.mark, found: { view } };
  }

  #view(sql: Sql): StandingView {
    const newest = newestStandings(sql, MOST);
    const before =
      this.#last !== undefined && "view" in this.#last.found ? this.#last.found.view : NOTHING;
    const unsettled = [...before.standings].filter(([, { state }]) => state !== "settled");
    const left = unsettled.map(([id]) => id).filter((id) => !newest.has(id));
    for (const id of left) this.#old.delete(id);
    for (const [id, standing] of standingsOf(sql, left)) this.#old.set(id, standing);
    for (const id of [...this.#old.keys()].slice(0, -MOST)) this.#old.delete(id);
    return { ...countMessages(sql), standings: new Map([...this.#old, ...newest]) };
  }

  /** Again where a bridge began or ended meanwhile: what was read as a file at rest may be a mixture then. */
  #read<T>(
    first: ChangeMark,
    query: (sql: Sql) => T,
  ): { mark: ChangeMark; found: { value: T | undefined } | { error: MoleculeError } } {
    let mark = first;
    for (let tries = 1; ; tries++) {
      const found = this.#readOnce(query);
      const now = mark.hasLog ? undefined : this.#mark();
      if (now === undefined || now.text === mark.text || tries === TRIES) return { mark, found };
      mark = now;
    }
  }

  #readOnce<T>(query: (sql: Sql) => T): { value: T | undefined } | { error: MoleculeError } {
    let sqlite: Database | undefined;
    let sql: Sql | undefined;
    try {
      sqlite = this.#open(this.#path);
      sqlite.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
      // A bridge that crashed as it made the file; the next one begins where it stopped.
      if (check(sqlite, this.#path) === 0) return { value: undefined };
      sql = new Sql(sqlite);
      // All of one moment.
      sql.run("BEGIN");
      return { value: query(sql) };
    } catch (error) {
      return { error: databaseError(this.#path, error) };
    } finally {
      sql?.finalize();
      sqlite?.close();
    }
  }

  #mark(): ChangeMark | undefined {
    try {
      return this.#marks.take(this.#clock.now());
    } catch (error) {
      throw fileError(`the database ${this.#path} can't be looked at`, error);
    }
  }
}
