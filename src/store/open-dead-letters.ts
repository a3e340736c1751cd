/** The dead letters for `molecule dead-letter`, also while a bridge runs. */
import { existsSync } from "node:fs";
import { systemClock, type Clock } from "../shared/clock.ts";
import { StoreDatabase } from "./database.ts";
import { SqlDeadLetters } from "./dead-letters.ts";
import { databasePath } from "./local.ts";
import type { DeadLetters } from "./store.ts";

/**
 * Opens the dead letters of a workspace without its lock; undefined where it has no database yet.
 * Throws a MoleculeError that names the file where it can't be used. `waitMs`: how long a call may wait for
 * another program's write, which holds up the whole process; some seconds unless it is given.
 */
export function openDeadLetters(
  folder: string,
  workspaceId: string,
  clock: Clock = systemClock,
  waitMs?: number,
): { letters: DeadLetters; close(): void } | undefined {
  const path = databasePath(folder, workspaceId);
  if (!existsSync(path)) return undefined;
  const database = new StoreDatabase(path);
  database.open(waitMs, waitMs);
  return { letters: new SqlDeadLetters(database, clock), close: () => database.close() };
}
