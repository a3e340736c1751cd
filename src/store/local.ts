/** The store on one machine: files in the state folder, one set per workspace. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { makeFolder, sweepTemporary, writeAtomic } from "./atomic-file.ts";
import {
  NEW_CURSOR_FILE,
  parseCursorFile,
  renderCursorFile,
  type CursorFile,
} from "./cursor-file.ts";
import type { Cursor, Store } from "./store.ts";

export class LocalStore implements Store {
  readonly #workspaceId: string;
  readonly #cursorPath: string;
  readonly #tokenPath: string;
  #file: CursorFile = NEW_CURSOR_FILE;

  /** Touches nothing yet. The id becomes a file name, so it must have been checked. */
  constructor(folder: string, workspaceId: string) {
    if (!isWorkspaceId(workspaceId)) throw new MoleculeError("not a workspace id");
    this.#workspaceId = workspaceId;
    this.#cursorPath = join(folder, `${workspaceId}.json`);
    this.#tokenPath = join(folder, `${workspaceId}.token`);
  }

  /**
   * Makes the folder, removes what crashes left behind, and proves that a cursor can be saved here,
   * before any message is taken: a progress that can't be written down is a message run twice.
   */
  static async open(folder: string, workspaceId: string): Promise<LocalStore> {
    const store = new LocalStore(folder, workspaceId);
    try {
      await makeFolder(folder);
      await sweepTemporary(store.#cursorPath);
      await sweepTemporary(store.#tokenPath);
    } catch (error) {
      throw fileError(`the state folder ${folder} can't be used`, error);
    }
    await store.saveCursor(await store.loadCursor());
    return store;
  }

  async loadCursor(): Promise<Cursor> {
    const text = await this.#read(this.#cursorPath);
    if (text === undefined) return (this.#file = NEW_CURSOR_FILE).cursor;
    try {
      this.#file = parseCursorFile(text, this.#workspaceId);
    } catch (error) {
      throw new MoleculeError(
        `the state file ${this.#cursorPath} can't be understood: ${messageOf(error)}`,
        {
          hint:
            "It says which messages were handled, so it is left as it is. Put a good copy in its " +
            "place, or move it away to begin anew with the messages of the last --since-secs.",
          cause: error,
        },
      );
    }
    return this.#file.cursor;
  }

  async saveCursor(cursor: Cursor): Promise<void> {
    const file = { ...this.#file, cursor };
    try {
      await writeAtomic(this.#cursorPath, renderCursorFile(file, this.#workspaceId));
    } catch (error) {
      throw fileError(`the state file ${this.#cursorPath} can't be written`, error);
    }
    this.#file = file;
  }

  async loadToken(): Promise<string | undefined> {
    const token = (await this.#read(this.#tokenPath))?.trim() || undefined;
    // Whoever can write it chooses as whom we speak.
    if (token !== undefined && (await isForeign(this.#tokenPath))) {
      throw new MoleculeError(`the token file ${this.#tokenPath} can be written by others`, {
        hint: "Remove it, or make it yours alone (chmod 600); then start again.",
      });
    }
    return token;
  }

  async saveToken(token: string): Promise<void> {
    try {
      await writeAtomic(this.#tokenPath, `${token}\n`);
    } catch (error) {
      throw fileError(`the token file ${this.#tokenPath} can't be written`, error);
    }
  }

  async #read(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw fileError(`the file ${path} can't be read`, error);
    }
  }
}

/** Whether the file is another user's, or others may write it (POSIX; false where there are no modes). */
async function isForeign(path: string): Promise<boolean> {
  const us = process.getuid?.();
  if (us === undefined) return false;
  const { uid, mode } = await stat(path);
  return uid !== us || (mode & 0o022) !== 0;
}

const HINTS: Record<string, string> = {
  ENOSPC: "The disk is full: make room on it.",
  EDQUOT: "The disk quota is used up: make room.",
  EROFS: "The disk is mounted read-only: choose another folder with --state-dir.",
  EACCES: "Give this user the right to it, or choose another folder with --state-dir.",
  EPERM: "Give this user the right to it, or choose another folder with --state-dir.",
  ENOENT: "Choose another folder with --state-dir.",
  ENOTDIR: "A part of the path is a file: choose another folder with --state-dir.",
  EISDIR: "A folder stands in its place: move it away.",
  EEXIST: "A file stands where the folder should be: choose another with --state-dir.",
};

function fileError(message: string, error: unknown): MoleculeError {
  const code = codeOf(error);
  return new MoleculeError(`${message} (${code ?? messageOf(error)})`, {
    hint: code === undefined ? undefined : HINTS[code],
    cause: error,
  });
}
