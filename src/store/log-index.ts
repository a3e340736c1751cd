/** How far the log of a database goes, as SQLite tells its readers: the beginning of `<database>-shm`. */
import { type BigIntStats, closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

/**
 * Bytes of the header (sqlite.org/walformat.html, section 2.1). It is written with each commit, once that
 * can be seen, and holds a count of commits, the number of the last frame, and checksums over all of them.
 */
const HEADER_BYTES = 48;

export class LogIndex {
  readonly #path: string;
  #file: { handle: number; inode: bigint } | undefined;

  /** Touches nothing yet; `database` is the path of the database. */
  constructor(database: string) {
    this.#path = `${database}-shm`;
  }

  /**
   * The header: another one after each commit. Undefined where there is none, or it can't be read. Not for
   * the log itself or its time: what stands there can't be seen yet while it is flushed, and frames are
   * written over older ones without a change of the size, within one tick of the file system's clock.
   */
  read(): string | undefined {
    try {
      const handle = this.#open();
      if (handle === undefined) return undefined;
      try {
        const header = Buffer.alloc(HEADER_BYTES);
        const length = readSync(handle, header, 0, HEADER_BYTES, 0);
        return length === HEADER_BYTES ? header.toString("latin1") : undefined;
      } finally {
        if (!KEEPS_OPEN) closeSync(handle);
      }
    } catch {
      return undefined;
    }
  }

  /**
   * Closes a file that is gone, which would take up its room on the disk for as long. Whether nothing is open
   * any more: one that is still there stays open, since somebody may use it.
   */
  release(): boolean {
    if (this.#file === undefined) return true;
    const { handle } = this.#file;
    if (fstatSync(handle, { bigint: true }).nlink !== 0n) return false;
    this.#file = undefined;
    closeSync(handle);
    return true;
  }

  #open(): number | undefined {
    if (!KEEPS_OPEN) return openSync(this.#path, "r");
    const found = lookAt(this.#path);
    if (found !== undefined && found.ino === this.#file?.inode) return this.#file.handle;
    // One that was only moved is left open.
    if (!this.release()) this.#file = undefined;
    if (found === undefined) return undefined;
    const handle = openSync(this.#path, "r");
    this.#file = { handle, inode: fstatSync(handle, { bigint: true }).ino };
    return handle;
  }
}

/**
 * A file that was opened once stays so until it is gone: by POSIX, to close it would drop all locks that
 * this process has on it, and a bridge of this very process has some (sqlite.org/howtocorrupt.html, 2.2).
 * An open file is no lock itself, and in nobody's way. On Windows both is the other way round.
 */
const KEEPS_OPEN = process.platform !== "win32";

/** What the system tells of a file; undefined where there is none. Throws what it throws otherwise. */
export function lookAt(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}
