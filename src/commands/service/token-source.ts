/** Where a service gets its token from, and the address of a shared store: always a file. */
import { stat } from "node:fs/promises";
import { isReadableByOthers } from "../../platform/token.ts";
import type { Subject } from "../../service/spec.ts";
import { codeOf, MoleculeError, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { tokenPath } from "../../store/token-file.ts";
import type { ConnectLine } from "./connect-line.ts";
import type { Place } from "./place.ts";

/** What was found out about where the token is. */
export interface TokenFile {
  /** Absolute; undefined where no one file is the service's. */
  readonly path: string | undefined;
  /** A clause each. */
  readonly warnings: readonly string[];
}

/**
 * The path of the token file that was given, absolute, and warnings of it. Rejects where there is none for a
 * workspace, nor one in `kept`, the state folder that the service finds; undefined where it begins with an
 * empty one. For another system nothing is looked up.
 */
export async function checkTokenFile(
  line: ConnectLine,
  subject: Subject,
  { isElsewhere, absolute }: Place,
  kept: string | undefined,
): Promise<TokenFile> {
  const given = line.setting("tokenFile")?.value as string | undefined;
  if (given === undefined) {
    if (isElsewhere) return { path: undefined, warnings: [] };
    if (subject.kind === "workspace" && !hasStore(line) && !(await isKept(subject.id, kept))) {
      throw new UsageError(
        "the service has no token",
        `Name its file by --token-file; to make one: molecule token create ${subject.id} --save-to FILE`,
      );
    }
    return { path: undefined, warnings: [] };
  }
  const path = absolute(given);
  if (subject.kind === "workspace") {
    return { path, warnings: isElsewhere ? [] : await checkFile(path, subject.id) };
  }
  if (path.includes("%i")) return { path, warnings: [] };
  throw new UsageError(
    "a token is one workspace's, and a template serves many",
    "Let the file's name hold the id, as in --token-file /etc/molecule/%i.token.",
  );
}

/** Rejects with a MoleculeError where the workspace's token file is missing; gives warnings of it. */
export function checkFile(path: string, id: string): Promise<string[]> {
  const file = shellWord(path);
  const hint = `To make one: molecule token create ${id} --save-to ${file}; with a new workspace: molecule workspace create NAME --save-to ${file}`;
  return checkSecret(`the token file ${path}`, path, hint);
}

/**
 * The file with the address of a shared store, absolute, and warnings of it; no path where none is named. Rejects
 * where it is missing. For another system nothing is looked up.
 */
export async function checkStoreFile(
  line: ConnectLine,
  { isElsewhere, absolute }: Place,
): Promise<TokenFile> {
  const given = line.setting("storeFile")?.value as string | undefined;
  if (given === undefined) return { path: undefined, warnings: [] };
  const path = absolute(given);
  const what = `the file ${path} with the address of the store`;
  const hint = "Write the address into it (postgres://…), and make it yours alone: chmod 600.";
  return { path, warnings: isElsewhere ? [] : await checkSecret(what, path, hint) };
}

/** A token may be kept in the store, which is not asked here. */
export function hasStore(line: ConnectLine): boolean {
  return line.setting("storeFile")?.value !== undefined;
}

/** Whether a token of the workspace lies in the state folder; so it is taken to be where that may not be looked at. */
export async function isKept(id: string, folder: string | undefined): Promise<boolean> {
  if (folder === undefined) return false;
  try {
    await stat(tokenPath(folder, id));
    return true;
  } catch (error) {
    return codeOf(error) === "EACCES";
  }
}

/** Rejects with a MoleculeError where the file is missing; warns where others can read it. */
async function checkSecret(what: string, path: string, hint: string): Promise<string[]> {
  await requireFile(what, path, hint);
  return (await isReadableByOthers(path))
    ? [`others on this machine can read ${what}; chmod 600 mends it`]
    : [];
}

async function requireFile(what: string, path: string, hint: string): Promise<void> {
  let why = "is no file";
  try {
    if ((await stat(path)).isFile()) return;
  } catch (error) {
    const code = codeOf(error);
    why = code === "ENOENT" ? "is not there" : `can't be looked at (${code})`;
  }
  throw new MoleculeError(`${what} ${why}`, { hint });
}
