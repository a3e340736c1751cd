/** Prepared statements of one connection, each made once. */
import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";

export type Value = string | number | null | undefined;

/** The queries of one connection. `undefined` is bound as NULL. */
export class Sql {
  readonly #sqlite: Database;
  readonly #rests: boolean;
  // Bun's own cache holds only twenty.
  readonly #statements = new Map<string, Statement<unknown, SQLQueryBindings[]>>();

  /** Looks whether any was used since its last look; none where there is nothing to free. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isUsed = false;

  /** `rests`: statements that nobody uses for a while are freed. */
  constructor(sqlite: Database, rests = true) {
    this.#sqlite = sqlite;
    this.#rests = rests;
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
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** They take some hundred kilobytes of each connection, and many bridges of a process rest. */
  #used(): void {
    this.#isUsed = true;
    this.#timer ??= setTimeout(() => this.#tidy(), IDLE_MS);
    this.#timer.unref();
  }

  #tidy(): void {
    this.#timer = undefined;
    if (!this.#isUsed) {
      this.finalize();
      // And what it keeps of the file (sqlite.org/pragma.html#pragma_shrink_memory).
      this.#sqlite.run("PRAGMA shrink_memory");
      return;
    }
    this.#used();
    this.#isUsed = false;
  }

  #statement(query: string): Statement<unknown, SQLQueryBindings[]> {
    if (this.#rests) this.#used();
    let statement = this.#statements.get(query);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(query);
      this.#statements.set(query, statement);
    }
    return statement;
  }
}

/** Statements that nobody has used for so long are freed. */
const IDLE_MS = 2_000;

function bound(values: Value[]): SQLQueryBindings[] {
  return values.map((value) => value ?? null);
}
