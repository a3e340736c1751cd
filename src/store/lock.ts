/**
 * One process for each workspace and state folder: an exclusive transaction on a database that is there
 * for nothing else. The system frees it when the process dies, whatever of. Only bridges open it, and
 * {@link whoHolds}, for a moment that one who takes the lock waits out.
 */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { Clock } from "../shared/clock.ts";
import { codeOf } from "../shared/errors.ts";
import { get, getNumber, getString, parseJson } from "../shared/json.ts";
import { formatTimestamp, parseTimestamp } from "../shared/timestamp.ts";
import { makeFolder, sweepTemporary, writeAtomic } from "./atomic-file.ts";
import { createPrivate } from "./open-database.ts";
import type { Holder, StoreLock } from "./store.ts";
import { databaseError, fileError } from "./store-error.ts";

/** A lock whose store nobody refers to any more must not be freed by the garbage collector. */
const held = new Set<Database>();

/** How often a hot standby looks whether the other has ended. */
const LOOK_MS = 100;

/** What the system gave nobody takes away, as long as the process lives. */
const NEVER = new AbortController().signal;

/** A look at the lock takes far less; a bridge that has it keeps it for longer. */
const TRIES = 5;
const PAUSE_MS = 20;

export class LocalLock implements StoreLock {
  readonly isShared = false;
  readonly lost = NEVER;
  readonly handOver = NEVER;
  readonly #path: string;
  readonly #holderPath: string;
  readonly #clock: Clock;
  #sqlite: Database | undefined;

  /** Touches nothing yet. `path` is the database, `holderPath` the file that says who holds it. */
  constructor(path: string, holderPath: string, clock: Clock) {
    this.#path = path;
    this.#holderPath = holderPath;
    this.#clock = clock;
  }

  get isHeld(): boolean {
    return this.#sqlite !== undefined;
  }

  async take(): Promise<"taken" | { heldBy: Holder | undefined }> {
    if (this.isHeld) return "taken";
    const folder = dirname(this.#path);
    try {
      await makeFolder(folder);
    } catch (error) {
      throw fileError(`the state folder ${folder} can't be used`, error);
    }
    if (!(await this.#lockSoon())) return { heldBy: await readHolder(this.#holderPath) };
    try {
      await sweepTemporary(this.#holderPath);
      await writeAtomic(this.#holderPath, this.#us());
    } catch (error) {
      await this.release();
      throw fileError(`the file ${this.#holderPath} can't be written`, error);
    }
    return "taken";
  }

  untilFree(signal: AbortSignal): Promise<void> {
    return this.#clock.sleep(LOOK_MS, signal);
  }

  async sure(): Promise<void> {}

  /** Frees the lock, if it is held. */
  async release(): Promise<void> {
    const sqlite = this.#sqlite;
    if (sqlite === undefined) return;
    this.#sqlite = undefined;
    // While the lock is still ours: afterwards the file may be another's.
    await rm(this.#holderPath, { force: true }).catch(() => {});
    held.delete(sqlite);
    sqlite.close();
  }

  /** Whether it could be had: what is in the way may only be somebody's look at it. */
  async #lockSoon(): Promise<boolean> {
    for (let tries = 1; !this.#lock(); tries++) {
      if (tries === TRIES) return false;
      await this.#clock.sleep(PAUSE_MS);
    }
    return true;
  }

  #lock(): boolean {
    createPrivate(this.#path);
    let sqlite: Database | undefined;
    try {
      sqlite = new Database(this.#path, { readwrite: true, create: true });
      sqlite.run("PRAGMA busy_timeout = 0");
      // Of a file without a table there is nothing to keep in memory, and the smallest page will do.
      sqlite.run("PRAGMA page_size = 512");
      sqlite.run("PRAGMA cache_size = 1");
      // Nothing is ever written, so that no journal is needed beside it.
      sqlite.run("PRAGMA journal_mode = MEMORY");
      // What the first look at the file has set aside, before it knew how little it may keep.
      sqlite.run("PRAGMA shrink_memory");
      sqlite.run("BEGIN EXCLUSIVE");
    } catch (error) {
      sqlite?.close();
      if (codeOf(error)?.startsWith("SQLITE_BUSY")) return false;
      throw databaseError(this.#path, error);
    }
    this.#sqlite = sqlite;
    held.add(sqlite);
    return true;
  }

  #us(): string {
    const since = formatTimestamp(BigInt(Math.trunc(this.#clock.now())) * 1_000_000n);
    const holder: Holder = { pid: process.pid, host: hostname(), since };
    return `${JSON.stringify(holder)}\n`;
  }
}

/**
 * Whether a bridge has the lock, and which, without taking it; undefined where nobody has. Changes
 * nothing, but is in the way of one that takes it for as long as the look takes. Throws a MoleculeError where the file can't be read.
 */
export async function whoHolds(
  path: string,
  holderPath: string,
): Promise<{ holder: Holder | undefined } | undefined> {
  // A bridge takes its name away as it ends. Without one, a look at the lock could only disturb
  // another that is just taking it.
  if (!existsSync(holderPath) || !existsSync(path)) return undefined;
  let sqlite: Database | undefined;
  try {
    sqlite = new Database(path, { readonly: true });
    sqlite.run("PRAGMA busy_timeout = 0");
    sqlite.run("SELECT count(*) FROM sqlite_schema");
    return undefined;
  } catch (error) {
    if (!codeOf(error)?.startsWith("SQLITE_BUSY")) throw databaseError(path, error);
    return { holder: await readHolder(holderPath) };
  } finally {
    sqlite?.close();
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const file = parseJson(await readFile(path, "utf8"));
    const [pid, host] = [getNumber(file, "pid"), getString(file, "host")];
    const since = parseTimestamp(get(file, "since"));
    if (pid === undefined || host === undefined || since === undefined) return undefined;
    return { pid, host, since: formatTimestamp(since) };
  } catch {
    return undefined;
  }
}
