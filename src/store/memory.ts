/** What is remembered for backends, in a table. */
import type { Clock } from "../shared/clock.ts";
import type { Memory, MemoryLimits } from "./store.ts";
import type { Transactions } from "./transactions.ts";

/** Entries forgotten in one step, so that nothing else has to wait long. */
const STEP = 200;

export class SqlMemory implements Memory {
  readonly #database: Transactions;
  readonly #clock: Clock;

  constructor(database: Transactions, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async recall(key: string): Promise<string | undefined> {
    return this.#database.read(
      (sql) => sql.get<{ value: string }>("SELECT value FROM memory WHERE key = ?", key)?.value,
    );
  }

  async remember(key: string, value: string | undefined): Promise<void> {
    const nowMs = this.#clock.now();
    await this.#database.write((sql) => {
      if (value === undefined) return sql.run("DELETE FROM memory WHERE key = ?", key);
      return sql.run(
        `INSERT INTO memory (key, value, at_ms) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms`,
        key,
        value,
        nowMs,
      );
    }, true);
  }

  async trim(prefix: string, { ageMs, ...room }: MemoryLimits): Promise<void> {
    // By the index of their age: the rows of other keys are not sorted.
    const where = "INDEXED BY memory_by_age WHERE key >= ? AND key < ?";
    const oldestMs = this.#clock.now() - ageMs;
    await forgetOldest(this.#database, { ...room, oldestMs }, where, prefix, `${prefix}\u{10ffff}`);
  }
}

export interface MemoryRoom {
  entries: number;
  /** Of all keys and values. */
  bytes: number;
}

interface MemoryRow {
  n: number;
  at_ms: number;
  bytes: number;
}

/** Forgets the oldest of what `where` chooses: what is too much, and what is older than `oldestMs`. */
export async function forgetOldest(
  database: Transactions,
  { entries, bytes, oldestMs = 0 }: MemoryRoom & { oldestMs?: number },
  where: string,
  ...bindings: string[]
): Promise<void> {
  // The sizes stand in the heads of the rows: nothing large is read.
  const newestFirst = await database.read((sql) =>
    sql.all<MemoryRow>(
      `SELECT rowid AS n, at_ms, octet_length(key) + octet_length(value) AS bytes FROM memory ${where}
       ORDER BY at_ms DESC, rowid DESC`,
      ...bindings,
    ),
  );
  let left = bytes;
  const kept = newestFirst.findIndex((row, place) => {
    left -= row.bytes;
    return place >= entries || left < 0 || row.at_ms < oldestMs;
  });
  const excess = kept < 0 ? [] : newestFirst.slice(kept);
  while (excess.length > 0) {
    const some = excess.splice(-STEP);
    await database.write((sql) => {
      // One that was remembered again meanwhile is the newest.
      const query = "DELETE FROM memory WHERE rowid = ? AND at_ms = ?";
      for (const { n, at_ms: atMs } of some) sql.run(query, n, atMs);
    });
  }
}
