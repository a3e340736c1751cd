/** Opening `<workspace-id>.db` for a look from outside: beside a bridge that uses it, and changing nothing. */
import { constants, Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** The log that lies beside a database as long as anybody uses it, or where he crashed. */
export function logPath(path: string): string {
  return `${path}-wal`;
}

/**
 * One that was closed well is read as a file that nobody changes: to open it as a database would leave
 * two files beside it (sqlite.org/wal.html, "Read-Only Databases"). Throws what SQLite throws.
 */
export function openToRead(path: string): Database {
  if (existsSync(logPath(path))) return new Database(path, { readonly: true });
  return new Database(
    `${pathToFileURL(path).href}?immutable=1`,
    constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI,
  );
}
