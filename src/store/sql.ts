/** Prepared statements of one connection, each made once. */
import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";

export type Value = string | number | null | undefined;

/** As many pages as SQLite keeps by default: 2 MB. */
const BUSY_PAGES = 500;
/** For fewer than three SQLite sets nothing aside; otherwise twenty at the first look, which stay. */
const RESTING_PAGES = 1;

/** The queries of one connection. `undefined` is bound as NULL. */
export class Sql {
  readonly #sqlite: Database;
  // Bun's own cache holds only twenty.
  readonly #statements = new Map<string, Statement<unknown, SQLQueryBindings[]>>();
  /** Those of them that were asked since the last {@link settle}. */
  readonly #asked = new Set<string>();
  /** It keeps as much of the file in memory as one who works on it needs, and was told so since then. */
  #isWide = false;
  #isWorking = false;

  constructor(sqlite: Database) {
    this.#sqlite = sqlite;
  }

  /** Runs a statement and gives how many rows it changed itself, without its triggers. */
  run(query: string, ...values: Value[]): number {
    return this.#statement(query).run(...bound(values)).changes;
  }

  /** The first row, if there is one. */
  get<Row>(query: string, ...values: Value[]): Row | undefined {
    return (this.#statement(query).get(...bound(values)) as Row | null) ?? undefined;
  }

  /** All rows. */
  all<Row>(query: string, ...values: Value[]): Row[] {
    return this.#statement(query).all(...bound(values)) as Row[];
  }

  /** Frees the statements: a connection that still has some does not close. They are made anew where need be. */
  finalize(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#asked.clear();
  }

  /** There is work to be done: what is read of the file is kept at hand. */
  widen(): void {
    this.#isWorking = true;
    if (this.#isWide) return;
    this.#sqlite.run(`PRAGMA cache_size = ${BUSY_PAGES}`);
    this.#isWide = true;
  }

  /**
   * To be called now and then: statements that were not used since the last call are freed, and what is
   * kept for work where there was none. It is some hundred kilobytes, and many bridges of a process rest.
   */
  settle(): void {
    for (const [query, statement] of this.#statements) {
      if (this.#asked.has(query)) continue;
      statement.finalize();
      this.#statements.delete(query);
    }
    this.#asked.clear();
    const rests = this.#isWide && !this.#isWorking;
    this.#isWorking = false;
    if (!rests) return;
    this.#isWide = false;
    this.#sqlite.run(`PRAGMA cache_size = ${RESTING_PAGES}`);
    // And what it keeps of the file (sqlite.org/pragma.html#pragma_shrink_memory).
    this.#sqlite.run("PRAGMA shrink_memory");
  }

  #statement(query: string): Statement<unknown, SQLQueryBindings[]> {
    this.#asked.add(query);
    let statement = this.#statements.get(query);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(query);
      this.#statements.set(query, statement);
    }
    return statement;
  }
}

function bound(values: Value[]): SQLQueryBindings[] {
  return values.map((value) => value ?? null);
}
