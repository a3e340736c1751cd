/** The store of one workspace in Postgres. What belongs to this machine alone, the files, stays here. */
import { unlessAborted } from "../../shared/abortions.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { isFor, type KeptToken } from "../../shared/kept-token.ts";
import { SqlDeadLetters } from "../dead-letters.ts";
import { LocalFolders } from "../folders.ts";
import { SqlJournal } from "../journal.ts";
import { type LocalStoreParts, MAX_BYTES, MAX_MESSAGES, pathsOf } from "../local.ts";
import { SqlMemory } from "../memory.ts";
import { SqlOutbox } from "../outbox.ts";
import { MAX_MEMORY, MAX_SEEN, prune } from "../prune.ts";
import type { Sql } from "../sql.ts";
import {
  EMPTY_CURSOR,
  type Cursor,
  type DeadLetters,
  type FolderStore,
  type Journal,
  type Memory,
  type Outbox,
  type Store,
} from "../store.ts";
import type { PostgresClient } from "./client.ts";
import { FencedDatabase } from "./fenced-database.ts";
import { Lease } from "./lease.ts";
import type { Members } from "./members.ts";
import type { Struggles } from "./struggles.ts";

export interface PostgresStoreParts extends LocalStoreParts {
  /** On this machine: for the files of messages, and for the working copy. */
  folder: string;
}

export class PostgresStore implements Store {
  readonly lock: Lease;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly memory: Memory;
  readonly files: FolderStore;
  readonly #database: FencedDatabase;
  readonly #clock: Clock;
  readonly #parts: PostgresStoreParts;

  /** Touches nothing yet. The id becomes a file name, so it must have been checked. */
  constructor(
    client: PostgresClient,
    members: Members,
    workspaceId: string,
    parts: PostgresStoreParts & { random(): number; struggles: Struggles },
  ) {
    const { clock = systemClock, maxMessages = MAX_MESSAGES, maxBytes = MAX_BYTES } = parts;
    const { folder, random, struggles } = parts;
    const lock = new Lease(members, workspaceId);
    const database = new FencedDatabase({
      client,
      workspaceId,
      folder,
      right: lock,
      clock,
      random,
      struggles,
    });
    this.lock = lock;
    this.#database = database;
    this.#clock = clock;
    this.#parts = parts;
    this.journal = new SqlJournal(database, clock, { maxMessages, maxBytes });
    this.outbox = new SqlOutbox(database, clock);
    this.deadLetters = new SqlDeadLetters(database, clock);
    this.memory = new SqlMemory(database, clock);
    this.files = new LocalFolders(pathsOf(folder, workspaceId).files);
  }

  async open(stop?: AbortSignal): Promise<void> {
    if (!this.lock.isHeld) throw new MoleculeError("the store was opened without its lease");
    await unlessAborted(this.#begin(), stop);
  }

  async #begin(): Promise<void> {
    await this.#database.open();
    await this.#database.write((sql) => sql.run("UPDATE meta SET session = session + 1"));
  }

  changed(): Promise<boolean> {
    return this.#database.changed();
  }

  async prune(): Promise<void> {
    const { maxSeen = MAX_SEEN, maxMemory = MAX_MEMORY } = this.#parts;
    await prune(this.#database, this.#clock, maxSeen, maxMemory);
  }

  close(): Promise<void> {
    return this.lock.releaseAfter(this.#database.close());
  }

  async loadCursor(): Promise<Cursor> {
    const row = await this.#database.read((sql) => sql.get<CursorRow>("SELECT * FROM cursors"));
    if (row === undefined) return EMPTY_CURSOR;
    const { settled_id: id, settled_at: at } = row;
    return {
      lastSinceId: row.last_since_id ?? undefined,
      settled: id === null || at === null ? undefined : { id, at },
      windowStart: row.window_start ?? undefined,
      fetchFromId: row.fetch_from_id ?? undefined,
    };
  }

  async saveCursor(cursor: Cursor): Promise<void> {
    await this.#database.write((sql) =>
      sql.run(
        `INSERT INTO cursors VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET
           last_since_id = excluded.last_since_id, settled_id = excluded.settled_id,
           settled_at = excluded.settled_at, window_start = excluded.window_start,
           fetch_from_id = excluded.fetch_from_id`,
        cursor.lastSinceId,
        cursor.settled?.id,
        cursor.settled?.at,
        cursor.windowStart,
        cursor.fetchFromId,
      ),
    );
  }

  async loadToken(): Promise<string | undefined> {
    const kept = await this.#database.read(keptToken);
    const { platform } = this.#parts;
    const fits = platform === undefined || kept === undefined || isFor(kept, platform);
    return fits ? kept?.value : undefined;
  }

  async saveToken(value: string): Promise<void> {
    const { platform } = this.#parts;
    await this.#database.write((sql) => {
      const kept = keptToken(sql);
      // Whoever answers at an address must not end what another one handed out.
      if (kept !== undefined && platform !== undefined && !isFor(kept, platform)) {
        throw new MoleculeError(
          `the store keeps a token for ${kept.platform}, and not for ${platform}`,
          { hint: "It is left as it is: give the token of this one with --token-file." },
        );
      }
      sql.run(
        `INSERT INTO tokens VALUES (1, ?, ?)
         ON CONFLICT (one) DO UPDATE SET value = excluded.value, platform = excluded.platform`,
        value,
        platform,
      );
    });
  }
}

function keptToken(sql: Sql): KeptToken | undefined {
  const kept = sql.get<{ value: string; platform: string | null }>(
    "SELECT value, platform FROM tokens",
  );
  return kept && { value: kept.value, platform: kept.platform ?? undefined };
}

interface CursorRow {
  last_since_id: string | null;
  settled_id: string | null;
  settled_at: string | null;
  window_start: string | null;
  fetch_from_id: string | null;
}
