/** What went wrong with a file of the store, in words that name it and say what to do. */
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";

const FULL = "The disk is full: make room on it.";
const RIGHTS = "Give this user the right to it, or choose another folder with --state-dir.";

const FILE_HINTS: Record<string, string> = {
  ENOSPC: FULL,
  EDQUOT: "The disk quota is used up: make room.",
  EROFS: "The disk is mounted read-only: choose another folder with --state-dir.",
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  ENOENT: "Choose another folder with --state-dir.",
  ENOTDIR: "A part of the path is a file: choose another folder with --state-dir.",
  EISDIR: "A folder stands in its place: move it away.",
  EEXIST: "A file stands where the folder should be: choose another with --state-dir.",
};

/** The error for a call of the file system that failed; `message` names the file. */
export function fileError(message: string, error: unknown): MoleculeError {
  const code = codeOf(error);
  return new MoleculeError(`${message} (${code ?? messageOf(error)})`, {
    hint: code === undefined ? undefined : FILE_HINTS[code],
    cause: error,
  });
}

/** What to do about a database that can't be read as ours. */
export const MOVE_AWAY =
  "Move it away: no message is lost by that, only the knowledge of which were handled, so some may " +
  "be run again.";

/** By the start of SQLite's name for the error, the more special first (sqlite.org/rescode.html). */
const DATABASE_HINTS: readonly [prefix: string, hint: string][] = [
  ["SQLITE_FULL", FULL],
  ["SQLITE_BUSY", "Another program holds it: end that program, or wait until it is done."],
  ["SQLITE_LOCKED", "Another program holds it: end that program, or wait until it is done."],
  ["SQLITE_CORRUPT", `It is damaged. ${MOVE_AWAY}`],
  ["SQLITE_NOTADB", `It is not a database. ${MOVE_AWAY}`],
  ["SQLITE_READONLY", `It may only be read. ${RIGHTS}`],
  [
    "SQLITE_IOERR_SHM",
    "The disk is full or fails: make room on it, and look into the system's log.",
  ],
  ["SQLITE_IOERR", "The disk fails or is full: look into the system's log."],
  [
    "SQLITE_CANTOPEN",
    `A folder may stand in its place, or this process has too many files open. ${RIGHTS}`,
  ],
  ["SQLITE_PERM", RIGHTS],
  ["SQLITE_AUTH", RIGHTS],
];

/** The error for a call of SQLite that failed; a MoleculeError is given back as it is. */
export function databaseError(path: string, error: unknown): MoleculeError {
  if (error instanceof MoleculeError) return error;
  const code = codeOf(error);
  const hint = DATABASE_HINTS.find(([prefix]) => code?.startsWith(prefix))?.[1];
  return new MoleculeError(
    `the database ${path} can't be used: ${messageOf(error)}${code === undefined ? "" : ` (${code})`}`,
    { hint, cause: error },
  );
}

/** Whether somebody else held the database: tried again, it may work. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(error) ?? "");
}

/**
 * Whether what {@link databaseError} gave says something of the file itself, which stays so until that is
 * changed: it is damaged, or not ours. Anything else may pass without a sign.
 */
export function isOfTheFile(error: MoleculeError): boolean {
  if (error.cause === undefined) return true;
  return /^SQLITE_(?:CORRUPT|NOTADB|ERROR$)/.test(codeOf(error) ?? "");
}
