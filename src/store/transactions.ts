/** Where the rows of a store are read and changed: a database of its own, or a copy of a shared one. */
import type { Sql } from "./sql.ts";

/** What is done in one transaction. It may run twice, so it changes nothing but the database. */
export type Operation<T> = (sql: Sql) => T;

export interface Transactions {
  /**
   * Does `operation` in a transaction, whole or not at all. `durable`: it has survived a power cut,
   * with everything that was written before it, when the promise resolves.
   */
  write<T>(operation: Operation<T>, durable?: boolean): Promise<T>;
  /** Reads, after the writes that were queued before. */
  read<T>(query: Operation<T>): T | Promise<T>;
}
