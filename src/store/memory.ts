/** The memory of a local store. */
import type { StoreDatabase } from "./database.ts";
import type { Memory } from "./store.ts";

export class LocalMemory implements Memory {
  readonly #database: StoreDatabase;

  constructor(database: StoreDatabase) {
    this.#database = database;
  }

  async recall(key: string): Promise<string | undefined> {
    return this.#database.read(
      (sql) => sql.get<{ value: string }>("SELECT value FROM memory WHERE key = ?", key)?.value,
    );
  }

  async remember(key: string, value: string | undefined): Promise<void> {
    await this.#database.write((sql) => {
      if (value === undefined) return sql.run("DELETE FROM memory WHERE key = ?", key);
      return sql.run(
        `INSERT INTO memory (key, value) VALUES (?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        key,
        value,
      );
    }, true);
  }
}
