/** Where the messages of a workspace stand, looked at again and again from outside its bridge. */
import type { Database } from "bun:sqlite";
import { systemClock, type Clock } from "../shared/clock.ts";
import type { MoleculeError } from "../shared/errors.ts";
import { ChangeMarks, isUnchanged, type ChangeMark } from "./change-mark.ts";
import { pathsOf } from "./local.ts";
import { check } from "./open-database.ts";
import { openToRead } from "./open-to-read.ts";
import { putLogAway } from "./put-log-away.ts";
import { Sql } from "./sql.ts";
import {
  countMessages,
  followedStandings,
  newestStandings,
  NO_MESSAGES,
  SETTLED,
  standingsOf,
  type MessageCounts,
  type MessageStanding,
} from "./standing-rows.ts";
import type { Place } from "./store.ts";
import { databaseError, fileError, isOfTheFile } from "./store-error.ts";

export type { MessageStanding };

/** Messages of each kind that are told of without being asked for. */
const MOST = 500;
/** Rows that were asked for in vain, and are told of with the next look that succeeds. */
const MOST_OWED = 5_000;
/** How long a look may wait for a bridge that is writing, which holds up the whole process, in ms. */
const BUSY_MS = 100;
/** A bridge that begins or ends while the file is read is over with it soon. */
const TRIES = 3;

/** What was found at one look. The counts are exact, however many there are. */
export interface StandingView extends MessageCounts {
  /**
   * By activity ids: the newest 500 that wait, all that run or are answered, the first 50 of each lane, and the
   * newest 500 each of the dead letters and of what is settled; besides, how all of those stand now that were
   * told of before as unsettled, by a look or by {@link StoreLook.of}: each until it was told that it is settled.
   */
  readonly standings: ReadonlyMap<string, MessageStanding>;
}

export interface StoreLookParts {
  clock?: Pick<Clock, "now">;
  /** How the database is opened. */
  open?: (path: string) => Database;
}

/** What one reading found. */
interface Findings extends MessageCounts {
  /** Without being asked for. */
  newest: ReadonlyMap<string, MessageStanding>;
  /** Of what was told of before, or asked for in vain. */
  others: ReadonlyMap<string, MessageStanding>;
}

const NOTHING: Findings = { ...NO_MESSAGES, newest: new Map(), others: new Map() };

type Found<T> = { value: T } | { error: MoleculeError };

/** Changes nothing that a bridge would miss, and has nothing open between two calls that is in its way. */
export class StoreLook {
  readonly #path: string;
  readonly #marks: ChangeMarks;
  readonly #clock: Pick<Clock, "now">;
  readonly #open: (path: string) => Database;
  #last: { mark: ChangeMark; found: Found<StandingView> } | undefined;
  /** Those that were told of as unsettled: they are followed until they are settled. */
  readonly #followed = new Set<string>();
  /** Those that were followed until they were settled: who missed the word has it from the next look. */
  #ended: string[] = [];
  /** How many of them were told by the last look. */
  #endedLast = 0;
  /** Rows that were asked for while nothing could be read. */
  readonly #owed = new Map<string, string | Place>();

  /** Touches nothing yet. Throws a MoleculeError for what is no workspace id. */
  constructor(folder: string, workspaceId: string, parts: StoreLookParts = {}) {
    const paths = pathsOf(folder, workspaceId);
    this.#path = paths.database;
    this.#marks = new ChangeMarks(paths);
    this.#clock = parts.clock ?? systemClock;
    this.#open = parts.open ?? openToRead;
  }

  /**
   * How they stand, the same object where nothing was committed since the last look: that costs some
   * microseconds. Undefined where there is no database. Throws a MoleculeError for one that is damaged,
   * locked, another program's, or a newer version's, and for what the system refuses.
   */
  look(): StandingView | undefined {
    const mark = this.#mark();
    if (mark === undefined) {
      this.#forget();
      return undefined;
    }
    if (this.#last === undefined || !isUnchanged(this.#last.mark, mark)) {
      this.#last = this.#find(mark);
    }
    const { found } = this.#last;
    if ("value" in found) return found.value;
    // It may pass without a sign in the files.
    if (!isOfTheFile(found.error)) this.#last = undefined;
    throw found.error;
  }

  /**
   * Where these rows stand, by their ids; those that are not known are left out, unless they are given with
   * their time, and are older than what is remembered. Throws as {@link look} does; then the next look that
   * succeeds tells of them.
   */
  of(rows: readonly (string | Place)[]): Map<string, MessageStanding> {
    let mark: ChangeMark | undefined;
    try {
      mark = this.#mark();
    } catch (error) {
      this.#owe(rows);
      throw error;
    }
    if (mark === undefined) return new Map();
    const { found } = this.#read(mark, new Map(), (sql) => standingsOf(sql, rows));
    if ("error" in found) {
      this.#owe(rows);
      throw found.error;
    }
    this.#follow(found.value);
    return found.value;
  }

  /** Lets go of files that are gone. Whether nothing is open any more, and this may be forgotten. */
  release(): boolean {
    return this.#marks.release();
  }

  #forget(): void {
    this.#last = undefined;
    this.#followed.clear();
    this.#ended = [];
    this.#owed.clear();
  }

  #owe(rows: readonly (string | Place)[]): void {
    for (const row of rows) this.#owed.set(typeof row === "string" ? row : row.id, row);
    for (const id of [...this.#owed.keys()].slice(0, -MOST_OWED)) this.#owed.delete(id);
    // The next look has something to tell, whether anything has changed or not.
    if (this.#last !== undefined && "value" in this.#last.found) this.#last = undefined;
  }

  #find(mark: ChangeMark): { mark: ChangeMark; found: Found<StandingView> } {
    const read = this.#read(mark, NOTHING, (sql) => this.#findings(sql));
    if ("error" in read.found) return { mark: read.mark, found: read.found };
    const view = this.#viewOf(read.found.value);
    // One that ended while we looked could not take its log away, since we were in its way. A crash is
    // left as it is: what its log holds is read, and the next bridge tidies up.
    if (mark.hasLog && !mark.isHeld) putLogAway(this.#path);
    return { mark: read.mark, found: { value: view } };
  }

  #findings(sql: Sql): Findings {
    const newest = newestStandings(sql, MOST);
    const followed = [...this.#followed].filter((id) => !newest.has(id));
    const others = standingsOf(sql, this.#owed.values());
    for (const [id, standing] of followedStandings(sql, followed)) others.set(id, standing);
    return { ...countMessages(sql), newest, others };
  }

  #viewOf({ newest, others, ...counts }: Findings): StandingView {
    this.#owed.clear();
    const ended = [...others].filter(([, { state }]) => state === "settled").map(([id]) => id);
    this.#ended = [...this.#ended.slice(-Math.max(MOST, this.#endedLast)), ...ended];
    this.#endedLast = ended.length;
    const old = this.#ended.map((id) => [id, SETTLED] as const);
    const standings = new Map([...old, ...others, ...newest]);
    this.#followed.clear();
    this.#follow(standings);
    return { ...counts, standings };
  }

  #follow(standings: ReadonlyMap<string, MessageStanding>): void {
    for (const [id, { state }] of standings) if (state !== "settled") this.#followed.add(id);
  }

  /**
   * Again where a bridge began or ended meanwhile: what was read as a file at rest may be a mixture then.
   * `none` is what a file gives that has nothing in it.
   */
  #read<T>(
    first: ChangeMark,
    none: T,
    query: (sql: Sql) => T,
  ): { mark: ChangeMark; found: Found<T> } {
    let mark = first;
    for (let tries = 1; ; tries++) {
      const found = this.#readOnce(none, query);
      const now = mark.hasLog ? undefined : this.#mark();
      if (now === undefined || now.text === mark.text || tries === TRIES) return { mark, found };
      mark = now;
    }
  }

  #readOnce<T>(none: T, query: (sql: Sql) => T): Found<T> {
    let sqlite: Database | undefined;
    let sql: Sql | undefined;
    try {
      sqlite = this.#open(this.#path);
      sqlite.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
      // A bridge that crashed as it made the file; the next one begins where it stopped.
      if (check(sqlite, this.#path) === 0) return { value: none };
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
