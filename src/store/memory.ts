/** The memory of a local store. */
import type { Clock } from "../shared/clock.ts";
import type { StoreDatabase } from "./database.ts";
import type { Memory } from "./store.ts";

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
}
