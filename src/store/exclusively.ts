/**
 * Work that only one process at a time may do: who reads a file, changes the text and writes it whole would
 * undo what another has written in between.
 */
import { Database } from "bun:sqlite";
import { dirname } from "node:path";
import { type Clock, systemClock } from "../shared/clock.ts";
import { codeOf, MoleculeError } from "../shared/errors.ts";
import { makeFolder } from "./atomic-file.ts";
import { createPrivate } from "./open-database.ts";

/** A change takes some milliseconds. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

/**
 * Does `work` while no other does any under the same `path`: an empty database, in which an exclusive
 * transaction is the lock that the system ends with the process. Where none can be made, the work is
 * done without. Throws a MoleculeError where another keeps it for ten seconds.
 */
export async function exclusively<T>(
  path: string,
  work: () => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  using _ = await lock(path, clock);
  return await work();
}

async function lock(path: string, clock: Clock): Promise<Database | undefined> {
  const end = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const taken = await tryLock(path);
    if (taken !== "busy") return taken;
    if (clock.monotonic() >= end) {
      throw new MoleculeError(`another command holds ${path}, and does not end`, {
        hint: "Wait for it, or end it; then try again.",
      });
    }
    await clock.sleep(PAUSE_MS);
  }
}

/** Undefined where there can be no lock: then the files themselves can hardly be written either. */
async function tryLock(path: string): Promise<Database | "busy" | undefined> {
  let sqlite: Database | undefined;
  try {
    await makeFolder(dirname(path));
    createPrivate(path);
    sqlite = new Database(path, { readwrite: true, create: true });
    sqlite.run("PRAGMA busy_timeout = 0");
    // Nothing is ever written, so that no journal is needed beside it.
    sqlite.run("PRAGMA journal_mode = MEMORY");
    sqlite.run("BEGIN EXCLUSIVE");
    return sqlite;
  } catch (error) {
    sqlite?.close();
    return codeOf(error)?.startsWith("SQLITE_BUSY") === true ? "busy" : undefined;
  }
}
