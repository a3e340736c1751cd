/** What the state folder keeps of one workspace, as rows for a shared store; and putting it aside afterwards. */
import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { inspectCursor } from "../inspection.ts";
import { pathsOf } from "../local.ts";
import { check, number, openSqlite } from "../open-database.ts";
import { logPath, openToRead } from "../open-to-read.ts";
import type { KeptToken } from "../../shared/kept-token.ts";
import { OPEN } from "../schema.ts";
import type { Cursor } from "../store.ts";
import { databaseError, fileError } from "../store-error.ts";
import { readToken } from "../token-file.ts";
import { copySchema, TABLES } from "./copy-schema.ts";
import { encodeText } from "./text-code.ts";
import type { Row } from "./working-copy.ts";

/** Characters of rows that go over at once, so that memory stays bounded whatever a row holds. */
const CHUNK_CHARACTERS = 4 * 1024 * 1024;

/** What it keeps in files, by the names of the tables. */
const IN_FILES = ["cursors", "tokens"];

/** The row of the feed that was seen last: a shared store that has it under this number has what was moved. */
export interface Witness {
  n: number;
  id: string;
  entered_ms: number;
}

export class LocalState {
  readonly #paths: ReturnType<typeof pathsOf>;
  readonly #cursor: Cursor | undefined;
  readonly #token: KeptToken | undefined;
  #sqlite: Database | undefined;

  private constructor(
    paths: ReturnType<typeof pathsOf>,
    cursor: Cursor | undefined,
    token: KeptToken | undefined,
    sqlite: Database | undefined,
  ) {
    this.#paths = paths;
    this.#cursor = cursor;
    this.#token = token;
    this.#sqlite = sqlite;
  }

  /**
   * Opens it: `toRead` changes nothing; otherwise the database is brought up to date, and nobody else may write
   * to it until {@link close}. Rejects with a MoleculeError that names the file which can't be used.
   */
  static async open(folder: string, workspaceId: string, toRead: boolean): Promise<LocalState> {
    const paths = pathsOf(folder, workspaceId);
    const cursor = await inspectCursor(folder, workspaceId);
    const token = await readToken(paths.token);
    const sqlite = existsSync(paths.database) ? opened(paths.database, toRead) : undefined;
    return new LocalState(paths, cursor, token, sqlite);
  }

  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  get token(): KeptToken | undefined {
    return this.#token;
  }

  /** Undefined where no row was seen yet. */
  get witness(): Witness | undefined {
    const query = "SELECT n, id, entered_ms FROM seen ORDER BY n DESC LIMIT 1";
    return this.#guard((sqlite) => sqlite.query<Witness, []>(query).get() ?? undefined);
  }

  /** How many rows there are, by table. */
  counts(): Record<string, number> {
    const inFiles: Record<string, unknown> = { cursors: this.#cursor, tokens: this.#token };
    const countOf = (table: string) =>
      IN_FILES.includes(table)
        ? Number(inFiles[table] !== undefined)
        : this.#guard((sqlite) => number(sqlite, `SELECT count(*) AS it FROM ${table}`));
    return Object.fromEntries(Object.keys(TABLES).map((table) => [table, countOf(table) ?? 0]));
  }

  /** Messages that are not settled, and those that were given up. */
  letters(): { unsettled: number; deadLetters: number } {
    const countOf = (where: string) =>
      this.#guard((sqlite) =>
        number(sqlite, `SELECT count(*) AS it FROM messages WHERE ${where}`),
      ) ?? 0;
    return { unsettled: countOf(OPEN), deadLetters: countOf("state = 'dead'") };
  }

  /** The rows of a table in the order of their numbers, some at a time. */
  *chunks(table: string): Generator<Row[]> {
    if (IN_FILES.includes(table)) {
      const row = table === "cursors" ? cursorRow(this.#cursor) : tokenRow(this.#token);
      if (row !== undefined) yield [row];
      return;
    }
    if (this.#sqlite === undefined) return;
    const names = (copySchema().columns.get(table) ?? []).map(({ name }) => name);
    const statement = this.#sqlite.prepare<Row, []>(
      `SELECT rowid AS n, ${names.join(", ")} FROM ${table} ORDER BY rowid`,
    );
    try {
      let [chunk, characters]: [Row[], number] = [[], 0];
      for (const row of statement.iterate()) {
        if (table === "meta" && this.#cursor === undefined) forgetAnchor(row);
        characters += encode(row);
        chunk.push(row);
        if (chunk.length < (TABLES[table] ?? 1) && characters < CHUNK_CHARACTERS) continue;
        yield chunk;
        [chunk, characters] = [[], 0];
      }
      if (chunk.length > 0) yield chunk;
    } catch (error) {
      throw databaseError(this.#paths.database, error);
    } finally {
      // A connection that still has a statement does not close.
      statement.finalize();
    }
  }

  /**
   * Gives the files other names, so that no bridge answers from them any more, and tells the new ones. Cut off on the
   * way, it is done again: the database goes last, as it says best what was moved. Rejects with a MoleculeError.
   */
  async setAside(): Promise<string[]> {
    this.close();
    const { token, cursor, database } = this.#paths;
    const names: string[] = [];
    for (const path of [token, cursor, database]) {
      if (!existsSync(path)) continue;
      const aside = free(`${path}.moved`);
      try {
        await rename(path, aside);
        // Of somebody who looks at it at this moment; under this name it still belongs to it.
        if (existsSync(logPath(path))) await rename(logPath(path), logPath(aside));
      } catch (error) {
        throw fileError(`${path} can't be renamed to ${aside}`, error);
      }
      names.push(aside);
    }
    return names;
  }

  close(): void {
    const sqlite = this.#sqlite;
    this.#sqlite = undefined;
    if (sqlite === undefined) return;
    if (sqlite.inTransaction) sqlite.run("ROLLBACK");
    sqlite.close();
  }

  /** Undefined where there is no database. */
  #guard<T>(work: (sqlite: Database) => T): T | undefined {
    if (this.#sqlite === undefined) return undefined;
    try {
      return work(this.#sqlite);
    } catch (error) {
      throw databaseError(this.#paths.database, error);
    }
  }
}

function opened(path: string, toRead: boolean): Database | undefined {
  let sqlite: Database | undefined;
  try {
    sqlite = toRead ? openToRead(path) : openSqlite(path);
    // A bridge that crashed as it made the file.
    if (toRead && check(sqlite, path) === 0) {
      sqlite.close();
      return undefined;
    }
    // All of one moment; a command for dead letters waits, or says that it can't.
    sqlite.run(toRead ? "BEGIN" : "BEGIN IMMEDIATE");
    return sqlite;
  } catch (error) {
    sqlite?.close();
    throw databaseError(path, error);
  }
}

/** As {@link text-code.ts} has it; gives how many characters there are. */
function encode(row: Row): number {
  let characters = 0;
  for (const [column, value] of Object.entries(row)) {
    if (typeof value !== "string") continue;
    row[column] = encodeText(value);
    characters += value.length;
  }
  return characters;
}

/** Where the cursor's file was moved away, reading begins anew, as it would here. */
function forgetAnchor(row: Row): void {
  row["anchor_id"] = row["anchor_at"] = null;
}

function cursorRow(cursor: Cursor | undefined): Row | undefined {
  if (cursor === undefined) return undefined;
  const { lastSinceId, settled, windowStart, fetchFromId } = cursor;
  const row: Row = {
    n: 1,
    last_since_id: lastSinceId ?? null,
    settled_id: settled?.id ?? null,
    settled_at: settled?.at ?? null,
    window_start: windowStart ?? null,
    fetch_from_id: fetchFromId ?? null,
  };
  encode(row);
  return row;
}

function tokenRow(token: KeptToken | undefined): Row | undefined {
  if (token === undefined) return undefined;
  return { n: 1, value: token.value, platform: token.platform ?? null };
}

/** What an earlier move has left stays. */
function free(path: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? path : `${path}-${n}`;
    if (!existsSync(name)) return name;
  }
}
