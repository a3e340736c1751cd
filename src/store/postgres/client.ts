/** The connections of one process to Postgres: queries with a deadline, and errors that say what may pass. */
import { SQL } from "bun";
import { type Clock, LATE, within } from "../../shared/clock.ts";
import { ExitCode, messageOf, MoleculeError } from "../../shared/errors.ts";
import type { StoreAddress } from "./address.ts";
import { isPassing, serverError, StoreAway } from "./postgres-error.ts";

/** How long a connection may take to come about, in seconds. */
const CONNECT_S = 5;
/** How long a query may take, unless it says otherwise. A commit of a few rows takes a millisecond. */
const QUERY_MS = 10_000;
/** How long a statement waits for another's lock. */
const LOCK_MS = 9_000;
/** One that copies or migrates. */
const LONG_MS = 120_000;

/** One query: its text with $1, $2, ..., and its values. */
export type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** Of a transaction that nobody ends, as its process was cut off: others wait for its rows. */
const HANGING = "SET LOCAL idle_in_transaction_session_timeout = '60s'";

export class PostgresClient {
  readonly #address: StoreAddress;
  readonly #clock: Clock;
  readonly #max: number;
  readonly #lockMs: number;
  #sql: SQL;
  /** Has the connection that listens. */
  #listening: SQL | undefined;
  #closed = false;

  /**
   * Opens nothing yet. `max`: connections at once, beside the one that {@link listen} has. `lockMs`: how long a
   * statement may wait for a lock, less than anybody waits for it: a server goes on waiting for who has gone.
   */
  constructor(address: StoreAddress, clock: Clock, max: number, lockMs = LOCK_MS) {
    this.#address = address;
    this.#clock = clock;
    this.#max = max;
    this.#lockMs = lockMs;
    this.#sql = this.#make(max);
  }

  /** Where the database is, without a secret. */
  get place(): string {
    return this.#address.place;
  }

  /**
   * Runs one statement. Rejects with a StoreAway where the database can't be reached or does not answer
   * within `limitMs`: whether it did the work is not known then. Another MoleculeError: it refused.
   */
  query<Row>(text: string, values: readonly unknown[] = [], limitMs = QUERY_MS): Promise<Row[]> {
    return this.#guard(limitMs, (sql) => ask<Row>(sql, text, values));
  }

  /** Reads in one transaction, which sees the database as it was when that began. Rejects as {@link query}. */
  snapshot<T>(read: (query: Query) => Promise<T>): Promise<T> {
    return this.#guard(LONG_MS, (sql) =>
      sql.begin("isolation level repeatable read read only", (tx) => read(queryOf(tx))),
    );
  }

  /** Changes in one transaction, whole or not at all, within `limitMs`. Rejects as {@link query}. */
  transaction<T>(change: (query: Query) => Promise<T>, limitMs = LONG_MS): Promise<T> {
    return this.#guard(limitMs, (sql) =>
      sql.begin("isolation level read committed", async (tx) => {
        await tx.unsafe(HANGING);
        return change(queryOf(tx));
      }),
    );
  }

  /** Whether what {@link listen} began goes on. */
  get isListening(): boolean {
    return this.#listening !== undefined;
  }

  /**
   * Listens to a channel for as long as {@link isListening}; what is told before it begins, and after its
   * connection breaks off, is lost. Rejects as {@link query}.
   */
  async listen(channel: string, hear: (text: string) => void): Promise<void> {
    // With connections of its own, and ended with them: Bun would try again by itself, and tell of each try
    // on standard error.
    const sql = this.#make(1, () => {
      if (this.#listening === sql) this.#listening = undefined;
      void closeAll(sql, 0);
    });
    try {
      await this.#guard(QUERY_MS, () => sql.listen(channel, hear), sql);
      if (this.#closed) void closeAll(sql, 0);
      else this.#listening = sql;
    } catch (error) {
      void closeAll(sql, 0);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([closeAll(this.#sql, 1), this.#deafen()]);
  }

  async #guard<T>(limitMs: number, work: (sql: SQL) => Promise<T>, sql = this.#sql): Promise<T> {
    if (this.#closed) throw new MoleculeError("the store is closed");
    const working = work(sql);
    let done: T | typeof LATE;
    try {
      done = await within(this.#clock, limitMs, working);
    } catch (error) {
      // What the work itself found is said already.
      if (error instanceof MoleculeError) throw error;
      const reason = this.#reason(error);
      if (isPassing(error)) throw new StoreAway(this.place, reason, error);
      throw serverError(this.place, reason, error);
    }
    if (done !== LATE) return done;
    void working.catch(() => {});
    // The network may have swallowed it: then nothing will ever come over this connection.
    if (this.#sql === sql && !this.#closed) this.#renew();
    throw new StoreAway(this.place, `no answer within ${limitMs / 1000} s`, undefined);
  }

  #renew(): void {
    const old = this.#sql;
    this.#sql = this.#make(this.#max);
    void closeAll(old, 0);
    void this.#deafen();
  }

  async #deafen(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    if (listening !== undefined) await closeAll(listening, 0);
  }

  #reason(error: unknown): string {
    return this.#address.secrets.reduce(
      (text, secret) => (secret.length < 3 ? text : text.replaceAll(secret, "[secret]")),
      messageOf(error),
    );
  }

  #make(max: number, onclose?: () => void): SQL {
    try {
      return new SQL(this.#address.url, {
        adapter: "postgres",
        max,
        // Bun takes PGDATABASE rather than the address: two that mean the same store would not share it.
        database: databaseIn(this.#address.url),
        connectionTimeout: CONNECT_S,
        idleTimeout: 0,
        // A pooler between us and the server refuses what it does not know.
        ...(isPooled(this.#address.url) ? {} : { connection: { lock_timeout: this.#lockMs } }),
        ...(onclose === undefined ? {} : { onclose }),
      });
    } catch (error) {
      throw new MoleculeError(
        `the address of the store at ${this.place} can't be used: ${this.#reason(error)}`,
        { hint: "See the keys behind its question mark.", exitCode: ExitCode.usage },
      );
    }
  }
}

/** Whether the operator says that connections are shared between transactions. */
function isPooled(address: string): boolean {
  return new URL(address).searchParams.get("prepare") === "false";
}

/** As libpq has it: where none is named, the one of the user's name (postgresql.org, "Connection URIs"). */
function databaseIn(address: string): string {
  const { pathname, searchParams, username } = new URL(address);
  const named = searchParams.get("dbname") ?? decodeURIComponent(pathname.slice(1));
  return named === "" ? decodeURIComponent(username) || "postgres" : named;
}

async function ask<Row>(sql: Pick<SQL, "unsafe">, text: string, values: readonly unknown[]) {
  // Several statements in one text go through only without values.
  const asked = values.length === 0 ? sql.unsafe(text) : sql.unsafe(text, [...values]);
  return [...((await asked) as Row[])];
}

function queryOf(sql: Pick<SQL, "unsafe">): Query {
  return <Row>(text: string, values: readonly unknown[] = []) => ask<Row>(sql, text, values);
}

/** What is under way is given up after `seconds`; how it ends is of no interest any more. */
async function closeAll(sql: SQL, seconds: number): Promise<void> {
  await sql.close({ timeout: seconds }).catch(() => {});
}
