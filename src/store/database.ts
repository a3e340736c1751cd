/**
 * The database of a store. Writes are queued and those of one turn of the event loop are joined in
 * one transaction; reads see every write that was queued before them.
 */
import type { Database } from "bun:sqlite";
import { codeOf, MoleculeError } from "../shared/errors.ts";
import { openSqlite } from "./open-database.ts";
import { Sql } from "./sql.ts";
import { databaseError } from "./store-error.ts";
import type { Operation, Transactions } from "./transactions.ts";

interface Job {
  durable: boolean;
  operation: Operation<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

type Outcome = { job: Job; value: unknown } | { job: Job; error: unknown };

export class StoreDatabase implements Transactions {
  readonly path: string;
  #sqlite: Database | undefined;
  #sql: Sql | undefined;
  #queue: Job[] = [];
  #flushDue = false;
  #isFull = true;
  /** {@link changed} is asked all the time, so that its statement is none of those that come to rest. */
  #watch: Sql | undefined;
  #version = 0;

  /** Touches nothing yet. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the file, and makes it where it is missing. Throws a MoleculeError that names it. `waitMs` is
   * how long a write may wait for another program's, which holds up the whole process; `openMs`, where it
   * is given, how long this call may.
   */
  open(waitMs?: number, openMs?: number): void {
    this.#sqlite = openSqlite(this.path, openMs);
    if (waitMs !== undefined) this.#sqlite.run(`PRAGMA busy_timeout = ${waitMs}`);
    this.#sql = new Sql(this.#sqlite);
    this.#sql.widen();
    this.#watch = new Sql(this.#sqlite);
    this.#version = this.#look();
  }

  /**
   * Does `operation` in a transaction, whole or not at all. `durable`: it has survived a power cut,
   * with everything that was written before it, when the promise resolves.
   */
  write<T>(operation: Operation<T>, durable = false): Promise<T> {
    if (this.#sql === undefined) return Promise.reject(this.#notOpen());
    if (!this.#flushDue) {
      this.#flushDue = true;
      setImmediate(() => this.flush());
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ durable, operation, resolve: (value) => resolve(value as T), reject });
    });
  }

  /** Reads, after the writes that were queued before. Throws a MoleculeError that names the file. */
  read<T>(query: Operation<T>): T {
    this.flush();
    if (this.#sql === undefined) throw this.#notOpen();
    try {
      return query(this.#sql);
    } catch (error) {
      throw databaseError(this.path, error);
    }
  }

  /** Writes what is queued. */
  flush(): void {
    this.#flushDue = false;
    const jobs = this.#queue;
    if (jobs.length === 0) return;
    this.#queue = [];
    for (const outcome of this.#together(jobs) ?? jobs.map((job) => this.#alone(job))) {
      if ("error" in outcome) outcome.job.reject(databaseError(this.path, outcome.error));
      else outcome.job.resolve(outcome.value);
    }
  }

  /**
   * Whether another process has committed anything since the last call. Who asks this now and then has
   * memory freed where nothing else was asked meanwhile.
   */
  changed(): boolean {
    this.flush();
    this.#rest();
    const version = this.#look();
    const isChanged = version !== this.#version;
    this.#version = version;
    return isChanged;
  }

  /** Writes what is queued and closes the file. */
  close(): void {
    this.flush();
    this.#sql?.finalize();
    this.#watch?.finalize();
    this.#sql = this.#watch = undefined;
    this.#sqlite?.close();
    this.#sqlite = undefined;
  }

  /** All in one transaction; undefined where that failed, and each must be tried by itself. */
  #together(jobs: readonly Job[]): Outcome[] | undefined {
    try {
      return this.#transaction(jobs);
    } catch (error) {
      // Somebody else is writing: to wait for him once for each job would hold up everything.
      if (codeOf(error)?.startsWith("SQLITE_BUSY")) return jobs.map((job) => ({ job, error }));
      return undefined;
    }
  }

  /** One in a transaction of its own, so that it stands or falls alone. */
  #alone(job: Job): Outcome {
    try {
      return this.#transaction([job])[0] ?? { job, error: this.#notOpen() };
    } catch (error) {
      return { job, error };
    }
  }

  #transaction(jobs: readonly Job[]): Outcome[] {
    const [sqlite, sql] = [this.#sqlite, this.#sql];
    if (sqlite === undefined || sql === undefined) throw this.#notOpen();
    const durable = jobs.some((job) => job.durable);
    this.#setFull(sqlite, durable);
    sql.widen();
    sql.run("BEGIN IMMEDIATE");
    const before = durable ? totalChanges(sql) : 0;
    try {
      const outcomes = jobs.map((job) => ({ job, value: job.operation(sql) }));
      // A commit that changes nothing would flush nothing of what was written before, either.
      if (durable && totalChanges(sql) === before) sql.run("UPDATE meta SET flushes = flushes + 1");
      sql.run("COMMIT");
      return outcomes;
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (sqlite.inTransaction) sql.run("ROLLBACK");
      throw error;
    }
  }

  /** A commit with FULL flushes the log, with all earlier commits in it (sqlite.org/pragma.html). */
  #setFull(sqlite: Database, durable: boolean): void {
    if (durable === this.#isFull) return;
    sqlite.run(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
    this.#isFull = durable;
  }

  #rest(): void {
    try {
      this.#sql?.settle();
    } catch (error) {
      throw databaseError(this.path, error);
    }
  }

  #look(): number {
    if (this.#watch === undefined) throw this.#notOpen();
    try {
      return dataVersion(this.#watch);
    } catch (error) {
      throw databaseError(this.path, error);
    }
  }

  #notOpen(): MoleculeError {
    return new MoleculeError(`the database ${this.path} is not open`);
  }
}

/** How many rows this connection has changed so far. */
function totalChanges(sql: Sql): number {
  return sql.get<{ count: number }>("SELECT total_changes() AS count")?.count ?? 0;
}

/** SQLite's count of what other connections have committed, as this one sees it. */
function dataVersion(sql: Sql): number {
  return sql.get<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
}
