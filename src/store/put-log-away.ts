/** Tidying up after a bridge that could not do so itself, since somebody looked on as it ended. */
import { Database } from "bun:sqlite";

/**
 * Has SQLite write the log into the database and take it away, as the last one does who closes it; nothing
 * happens while anybody else has it open. Never throws.
 */
export function putLogAway(path: string): void {
  let sqlite: Database | undefined;
  try {
    sqlite = new Database(path, { readwrite: true, create: false });
    sqlite.run("PRAGMA busy_timeout = 0");
    // Only who has read it has opened the log, too.
    sqlite.run("SELECT count(*) FROM sqlite_schema");
  } catch {
    // Then it stays for the next bridge.
  } finally {
    sqlite?.close();
  }
}
