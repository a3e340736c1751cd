/** The store on one machine: files in the state folder, one set per workspace. */
import { join } from "node:path";
import { systemClock, type Clock } from "../shared/clock.ts";
import { messageOf, MoleculeError } from "../shared/errors.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { isFor } from "../shared/kept-token.ts";
import { readIfThere, sweepTemporary, writeAtomic } from "./atomic-file.ts";
import {
  NEW_CURSOR_FILE,
  parseCursorFile,
  renderCursorFile,
  type CursorFile,
} from "./cursor-file.ts";
import { StoreDatabase } from "./database.ts";
import { SqlDeadLetters } from "./dead-letters.ts";
import { LocalFolders } from "./folders.ts";
import { SqlJournal, type Room } from "./journal.ts";
import { LocalLock } from "./lock.ts";
import { SqlMemory, type MemoryRoom } from "./memory.ts";
import { SqlOutbox } from "./outbox.ts";
import { MAX_MEMORY, MAX_SEEN, prune } from "./prune.ts";
import type { Cursor, DeadLetters, FolderStore, Journal, Memory, Outbox, Store } from "./store.ts";
import { fileError } from "./store-error.ts";
import { readToken, replaceToken, tokenPath } from "./token-file.ts";

/** Messages that wait and dead letters that are kept; beyond, nothing more should be entered. */
export const MAX_MESSAGES = 50_000;
/** Bytes of whole rows and answers that are kept; beyond, nothing more should be entered. */
export const MAX_BYTES = 512 * 1024 * 1024;

/** Nothing else goes on while SQLite waits, so it is tried again rather than waited for. */
const BUSY_MS = 200;

export interface LocalStoreParts extends Partial<Room> {
  clock?: Clock;
  /** The platform's address, as `addressOf` has it: tokens are kept for it, and those for others stay where they are. */
  platform?: string;
  /** Settled rows that are known at most. */
  maxSeen?: number;
  /** What backends may remember at most. */
  maxMemory?: MemoryRoom;
}

export class LocalStore implements Store {
  readonly lock: LocalLock;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly memory: Memory;
  readonly files: FolderStore;
  readonly #workspaceId: string;
  readonly #folder: string;
  readonly #cursorPath: string;
  readonly #tokenPath: string;
  readonly #database: StoreDatabase;
  readonly #clock: Clock;
  readonly #maxSeen: number;
  readonly #maxMemory: MemoryRoom;
  readonly #platform: string | undefined;
  #file: CursorFile = NEW_CURSOR_FILE;

  /** Touches nothing yet. The id becomes a file name, so it must have been checked. */
  constructor(folder: string, workspaceId: string, parts: LocalStoreParts = {}) {
    const { clock = systemClock, maxMessages = MAX_MESSAGES, maxBytes = MAX_BYTES } = parts;
    this.#workspaceId = workspaceId;
    this.#platform = parts.platform;
    this.#folder = folder;
    const paths = pathsOf(folder, workspaceId);
    this.#cursorPath = paths.cursor;
    this.#tokenPath = paths.token;
    this.#database = new StoreDatabase(paths.database);
    this.#clock = clock;
    this.#maxSeen = parts.maxSeen ?? MAX_SEEN;
    this.#maxMemory = parts.maxMemory ?? MAX_MEMORY;
    this.lock = new LocalLock(paths.lock, paths.holder, clock);
    this.journal = new SqlJournal(this.#database, clock, { maxMessages, maxBytes });
    this.outbox = new SqlOutbox(this.#database, clock);
    this.deadLetters = new SqlDeadLetters(this.#database, clock);
    this.memory = new SqlMemory(this.#database, clock);
    this.files = new LocalFolders(paths.files);
  }

  /**
   * Removes what crashes left behind, opens the database, and proves that database and cursor can be
   * written here, before any message is taken: a progress that can't be written down is a message run
   * twice.
   */
  async open(): Promise<void> {
    if (!this.lock.isHeld) throw new MoleculeError("the store was opened without its lock");
    try {
      await sweepTemporary(this.#cursorPath);
      await sweepTemporary(this.#tokenPath);
    } catch (error) {
      throw fileError(`the state folder ${this.#folder} can't be used`, error);
    }
    const text = await this.#readCursor();
    const cursor = this.#parse(text);
    this.#database.open(BUSY_MS);
    await this.#database.write((sql) => {
      sql.run("UPDATE meta SET session = session + 1");
      // Whoever moved the file away begins anew: reading starts where it does without a cursor.
      if (text === undefined) sql.run("UPDATE meta SET anchor_id = NULL, anchor_at = NULL");
    }, true);
    // Last, since it flushes the folder too: a power cut can't take the database's name away.
    await this.#writeCursor(cursor);
  }

  async changed(): Promise<boolean> {
    return this.#database.changed();
  }

  async prune(): Promise<void> {
    await prune(this.#database, this.#clock, this.#maxSeen, this.#maxMemory);
  }

  async close(): Promise<void> {
    try {
      this.#database.close();
    } finally {
      await this.lock.release();
    }
  }

  async loadCursor(): Promise<Cursor> {
    return this.#parse(await this.#readCursor());
  }

  async saveCursor(cursor: Cursor): Promise<void> {
    // First, so that the journal on disk is never older than the file.
    await this.#database.write(() => {}, true);
    await this.#writeCursor(cursor);
  }

  async loadToken(): Promise<string | undefined> {
    const kept = await readToken(this.#tokenPath);
    const fits = this.#platform === undefined || kept === undefined || isFor(kept, this.#platform);
    return fits ? kept?.value : undefined;
  }

  saveToken(value: string): Promise<void> {
    return replaceToken(this.#tokenPath, { value, platform: this.#platform });
  }

  async #readCursor(): Promise<string | undefined> {
    try {
      return await readIfThere(this.#cursorPath);
    } catch (error) {
      throw fileError(`the file ${this.#cursorPath} can't be read`, error);
    }
  }

  #parse(text: string | undefined): Cursor {
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

  async #writeCursor(cursor: Cursor): Promise<void> {
    const file = { ...this.#file, cursor };
    try {
      await writeAtomic(this.#cursorPath, renderCursorFile(file, this.#workspaceId));
    } catch (error) {
      throw fileError(`the state file ${this.#cursorPath} can't be written`, error);
    }
    this.#file = file;
  }
}

/** Where the database of a workspace lies. */
export function databasePath(folder: string, workspaceId: string): string {
  return pathIn(folder, workspaceId, "db");
}

/** Where all that is kept of a workspace lies. The id becomes file names, so it must have been checked. */
export function pathsOf(folder: string, workspaceId: string) {
  const at = (ending: string) => pathIn(folder, workspaceId, ending);
  return {
    cursor: at("json"),
    token: tokenPath(folder, workspaceId),
    database: databasePath(folder, workspaceId),
    lock: at("lock.db"),
    holder: at("holder.json"),
    files: at("files"),
  };
}

function pathIn(folder: string, workspaceId: string, ending: string): string {
  if (!isWorkspaceId(workspaceId)) throw new MoleculeError("not a workspace id");
  return join(folder, `${workspaceId}.${ending}`);
}
