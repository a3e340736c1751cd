/** The Postgres that is measured, and its own counts. Linux only. */
import { SQL } from "bun";
import { readdirSync, readFileSync } from "node:fs";
import type { Figure } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";
import { type Postgres, startPostgres } from "../../test/harness/postgres.ts";

/** Of a processor's time: USER_HZ, which is 100 wherever Linux runs (proc_pid_stat(5)). */
const MS_PER_TICK = 10;

/** Measures in it, and gives lines of the table. */
export type Part = (bench: Workbench, postgres: MeasuredPostgres) => Promise<Line[]>;
export type Line = Omit<Figure, "aim">;

export class MeasuredPostgres implements AsyncDisposable {
  readonly #server: Postgres;
  readonly #sql: SQL;
  readonly #pid: number;

  private constructor(server: Postgres, sql: SQL, pid: number) {
    this.#server = server;
    this.#sql = sql;
    this.#pid = pid;
  }

  /** One of its own, which flushes as one of work does. */
  static async start(): Promise<MeasuredPostgres> {
    const server = await startPostgres(["shared_buffers=256MB", "max_wal_size=4GB"]);
    const sql = new SQL(server.url(), { max: 1 });
    const [row] = (await sql.unsafe("SELECT pg_read_file('postmaster.pid') AS file")) as [
      { file: string },
    ];
    return new MeasuredPostgres(server, sql, Number.parseInt(row.file));
  }

  newDatabase(): Promise<string> {
    return this.#server.newDatabase();
  }

  /** Milliseconds of a processor that all of its processes have had so far. */
  cpuMs(): number {
    let ticks = 0;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const [parent, own, ended] = timesOf(pid);
      if (Number(pid) === this.#pid) ticks += own + ended;
      else if (parent === this.#pid) ticks += own;
    }
    return ticks * MS_PER_TICK;
  }

  /** Bytes of write-ahead log so far. */
  async wal(): Promise<number> {
    return this.#number("SELECT (pg_current_wal_insert_lsn() - '0/0')::float8");
  }

  /** Transactions of a database so far; those of the last second may be missing. */
  async transactions(url: string): Promise<number> {
    const name = new URL(url).pathname.slice(1);
    return this.#number(
      `SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = '${name}'`,
    );
  }

  /** Connections to a database. */
  async connections(url: string): Promise<number> {
    const name = new URL(url).pathname.slice(1);
    return this.#number(`SELECT count(*)::integer FROM pg_stat_activity WHERE datname = '${name}'`);
  }

  async checkpoint(): Promise<void> {
    await this.#sql.unsafe("CHECKPOINT");
  }

  async version(): Promise<string> {
    const [row] = (await this.#sql.unsafe("SHOW server_version")) as [{ server_version: string }];
    return `Postgres ${row.server_version.split(" ")[0]}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.close();
    await this.#server[Symbol.asyncDispose]();
  }

  async #number(query: string): Promise<number> {
    return number(this.#sql, query);
  }
}

/** Its parent, its own ticks, and those of the children that it has waited for (proc_pid_stat(5)). */
function timesOf(pid: string): [parent: number, own: number, ended: number] {
  try {
    // The name in brackets may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "");
    const field = (n: number) => Number(stat.split(" ")[n - 3]);
    return [field(4), field(14) + field(15), field(16) + field(17)];
  } catch {
    // It has ended meanwhile.
    return [0, 0, 0];
  }
}

/** What a query gives that gives one number. */
export async function number(sql: SQL, query: string): Promise<number> {
  const [row] = (await sql.unsafe(query)) as [Record<string, number>];
  return Object.values(row)[0] ?? Number.NaN;
}

export function newIds(count: number): string[] {
  return Array.from({ length: count }, () => crypto.randomUUID());
}
