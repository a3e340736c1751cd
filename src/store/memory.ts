/** The memory of a local store. */
import type { Clock } from "../shared/clock.ts";
import type { StoreDatabase } from "./database.ts";
import type { Sql } from "./sql.ts";
import type { Memory, MemoryLimits } from "./store.ts";

/** Entries forgotten in one step, so that nothing else has to wait long. */
const STEP = 200;

export class LocalMemory implements Memory {
  readonly #database: StoreDatabase;
  readonly #clock: Clock;

  constructor(database: StoreDatabase, clock: Clock) {
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

  async trim(prefix: string, limits: MemoryLimits): Promise<void> {
    const step = (sql: Sql) => forgetOldest(sql, prefix, limits, this.#clock.now());
    while ((await this.#database.write(step)) === STEP);
  }
}

/** Gives how many were forgotten: as many as a step may, if there may be more. */
function forgetOldest(sql: Sql, prefix: string, limits: MemoryLimits, nowMs: number): number {
  // By the index of their age, and the length from the head of a value: nothing large is read.
  const newestFirst = sql.all<{ n: number; at_ms: number; bytes: number }>(
    `SELECT rowid AS n, at_ms, octet_length(value) AS bytes FROM memory INDEXED BY memory_by_age
     WHERE key >= ? AND key < ? ORDER BY at_ms DESC, rowid DESC`,
    prefix,
    `${prefix}\u{10ffff}`,
  );
  let left = limits.bytes;
  const first = newestFirst.findIndex(({ at_ms: atMs, bytes }, place) => {
    left -= bytes;
    return place >= limits.entries || left < 0 || nowMs - atMs > limits.ageMs;
  });
  const excess = first < 0 ? [] : newestFirst.slice(Math.max(first, newestFirst.length - STEP));
  for (const { n } of excess) sql.run("DELETE FROM memory WHERE rowid = ?", n);
  return excess.length;
}
