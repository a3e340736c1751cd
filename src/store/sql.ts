/** Prepared statements of one connection, each made once. */
import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";

export type Value = string | number | null | undefined;

/** The queries of one connection. `undefined` is bound as NULL. */
export class Sql {
  readonly #sqlite: Database;
  // Bun's own cache holds only twenty.
  readonly #statements = new Map<string, Statement<unknown, SQLQueryBindings[]>>();

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

  /** Frees the statements: a connection that still has some does not close. */
  finalize(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
  }

  #statement(query: string): Statement<unknown, SQLQueryBindings[]> {
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
