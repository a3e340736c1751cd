/**
 * What is kept of a workspace, copied into a database of this process alone, and the rows that a
 * transaction there has changed. It is thrown away: what counts is in Postgres.
 */
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../atomic-file.ts";
import { Sql } from "../sql.ts";
import { databaseError, fileError } from "../store-error.ts";
import { type Columns, copySchema } from "./copy-schema.ts";
import { decodeText, encodeText } from "./text-code.ts";

/** A row as it goes to Postgres: its number in the copy as `n`, and its columns. */
export type Row = Record<string, string | number | null>;

/** What a transaction has changed in one table. */
export interface Change {
  table: string;
  /** As they are now. */
  put: Row[];
  /** Numbers of those that are gone. */
  gone: number[];
}

/** So many rows fit into what a copy that rests keeps in memory. */
const FEW = 100;

export class WorkingCopy {
  readonly #sqlite: Database;
  readonly #sql: Sql;
  readonly #drop: () => void;
  /** Of each table, without the number. */
  readonly columns: Columns;

  private constructor(sqlite: Database, drop: () => void) {
    this.#sqlite = sqlite;
    this.#drop = drop;
    this.#sql = new Sql(sqlite);
    this.columns = copySchema().columns;
  }

  /** An empty one, in a file in `folder` that has no name any more where the system can do that. */
  static async make(folder: string): Promise<WorkingCopy> {
    let own: string | undefined;
    let sqlite: Database | undefined;
    try {
      await makeFolder(folder);
      const made = (own = mkdtempSync(join(folder, ".copy-")));
      const drop = () => rmSync(made, { recursive: true, force: true });
      const path = join(made, "copy.db");
      writeFileSync(path, copySchema().file, { mode: 0o600 });
      sqlite = new Database(path, { strict: true });
      // What is set aside at the first page that is read, twenty of them otherwise, stays for good.
      sqlite.run("PRAGMA cache_size = 4");
      sqlite.run("PRAGMA locking_mode = EXCLUSIVE");
      sqlite.run("PRAGMA journal_mode = MEMORY");
      sqlite.run("PRAGMA synchronous = OFF");
      // An open file needs no name, and one that was killed leaves none behind.
      if (process.platform !== "win32") drop();
      return new WorkingCopy(sqlite, drop);
    } catch (error) {
      sqlite?.close();
      if (own !== undefined) rmSync(own, { recursive: true, force: true });
      throw fileError(`no working copy can be made in ${folder}`, error);
    }
  }

  /** Puts rows into a table, as {@link Change} has them. */
  fill(table: string, rows: readonly Row[]): void {
    const columns = ["rowid", ...this.#names(table)];
    const query = `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
    // With the little memory of one that rests, thousands of rows would go to the disk again and again.
    if (rows.length > FEW) this.#sql.widen();
    this.#guard(() => {
      this.#sql.run("BEGIN");
      for (const row of rows) {
        const values = columns.map((column) => decode(row[column === "rowid" ? "n" : column]));
        this.#sql.run(query, ...values);
      }
      this.#sql.run("COMMIT");
    });
  }

  /** From now on changes are noted. */
  watch(): void {
    this.#guard(() => this.#sql.run("INSERT INTO noting VALUES (1)"));
  }

  begin(): Sql {
    this.#sql.widen();
    this.#guard(() => this.#sql.run("BEGIN"));
    return this.#sql;
  }

  /** What the transaction has changed so far. */
  changes(): Change[] {
    return this.#guard(() => {
      const noted = this.#sql.all<{ tbl: string; n: number }>("SELECT tbl, n FROM changed");
      const byTable = new Map<string, Change>();
      for (const { tbl: table, n } of noted) {
        let change = byTable.get(table);
        if (change === undefined) byTable.set(table, (change = { table, put: [], gone: [] }));
        const row = this.#row(table, n);
        if (row === undefined) change.gone.push(n);
        else change.put.push(row);
      }
      return [...byTable.values()];
    });
  }

  commit(): void {
    this.#guard(() => {
      this.#sql.run("DELETE FROM changed");
      this.#sql.run("COMMIT");
    });
  }

  /** Undoes the transaction, with what was noted of it. */
  rollback(): void {
    if (this.#sqlite.inTransaction) this.#guard(() => this.#sql.run("ROLLBACK"));
  }

  /** Memory is given back where nothing was asked since the last call. */
  settle(): void {
    this.#guard(() => this.#sql.settle());
  }

  close(): void {
    this.#sql.finalize();
    this.#sqlite.close();
    this.#drop();
  }

  #row(table: string, n: number): Row | undefined {
    const columns = ["rowid AS n", ...this.#names(table)].join(", ");
    const row = this.#sql.get<Row>(`SELECT ${columns} FROM ${table} WHERE rowid = ?`, n);
    if (row === undefined) return undefined;
    for (const [column, value] of Object.entries(row)) {
      if (typeof value === "string") row[column] = encodeText(value);
    }
    return row;
  }

  #names(table: string): string[] {
    return (this.columns.get(table) ?? []).map(({ name }) => name);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw databaseError("with the working copy", error);
    }
  }
}

function decode(value: Row[string] | undefined): Row[string] | undefined {
  return typeof value === "string" ? decodeText(value) : value;
}
