/** What a bridge keeps of a workspace, seen from outside: also while it runs, and changing nothing. */
import type { Database } from "bun:sqlite";
import { existsSync, readdirSync } from "node:fs";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { readIfThere } from "./atomic-file.ts";
import { parseCursorFile } from "./cursor-file.ts";
import { pathsOf } from "./local.ts";
import { check, number } from "./open-database.ts";
import { openToRead } from "./open-to-read.ts";
import { MIGRATIONS, OPEN } from "./schema.ts";
import type { Cursor } from "./store.ts";
import { databaseError, fileError } from "./store-error.ts";

/** How long a look may wait for a bridge that is writing, in milliseconds. */
const BUSY_MS = 500;

/** What the database of a workspace holds. */
export interface DatabaseView {
  /** Messages that were given up. */
  deadLetters: number;
  /** Messages that are not settled yet. */
  unsettled: number;
  /** It is of an older version of this tool, and is brought up to date by the next bridge. */
  isOld: boolean;
}

/**
 * The cursor that is kept; undefined where there is no file. Throws a MoleculeError that names the file
 * and says what is wrong with it.
 */
export async function inspectCursor(
  folder: string,
  workspaceId: string,
): Promise<Cursor | undefined> {
  const path = pathsOf(folder, workspaceId).cursor;
  let text: string | undefined;
  try {
    text = await readIfThere(path);
  } catch (error) {
    throw fileError(`the file ${path} can't be read`, error);
  }
  if (text === undefined) return undefined;
  try {
    return parseCursorFile(text, workspaceId).cursor;
  } catch (error) {
    throw new MoleculeError(`the state file ${path} can't be understood: ${messageOf(error)}`, {
      hint:
        "It says which messages were handled. Put a good copy in its place, or move it away to begin " +
        "anew with the messages of the last --since-secs.",
      cause: error,
    });
  }
}

/**
 * A look into the database; undefined where there is none. Throws a MoleculeError for one that is
 * damaged, another program's, or a newer version's.
 */
export function inspectDatabase(folder: string, workspaceId: string): DatabaseView | undefined {
  const path = pathsOf(folder, workspaceId).database;
  if (!existsSync(path)) return undefined;
  let opened: Database | undefined;
  try {
    const sqlite = (opened = openToRead(path));
    sqlite.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    const version = check(sqlite, path);
    // A bridge that crashed as it made the file; the next one begins where it stopped.
    if (version === 0) return { deadLetters: 0, unsettled: 0, isOld: true };
    const count = (where: string) =>
      number(sqlite, `SELECT count(*) AS it FROM messages WHERE ${where}`);
    return {
      deadLetters: count("state = 'dead'"),
      unsettled: count(OPEN),
      isOld: version < MIGRATIONS.length,
    };
  } catch (error) {
    throw databaseError(path, error);
  } finally {
    opened?.close();
  }
}

/** The workspaces of which anything is kept in the folder, and which of them have a token there. */
export function keptIn(folder: string): { workspaceId: string; hasToken: boolean }[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw fileError(`the folder ${folder} can't be read`, error);
  }
  const kept = new Map<string, boolean>();
  for (const name of names.sort()) {
    const [, id = "", ending] = /^([^.].*?)\.(json|db|token)$/.exec(name) ?? [];
    if (!isWorkspaceId(id) || /\.(holder|lock)$/.test(id)) continue;
    kept.set(id, kept.get(id) === true || ending === "token");
  }
  return [...kept].map(([workspaceId, hasToken]) => ({ workspaceId, hasToken }));
}
