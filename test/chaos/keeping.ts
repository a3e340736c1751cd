/** Where the bridges of a chaos test keep what they know; each kind has to keep the same promises. */
import { SQL } from "bun";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { onPostgres, startPostgres, type Postgres } from "../harness/postgres.ts";
import { onPosix, type Guarded } from "../harness/platform.ts";
import { StoreRelay, type Loss } from "../harness/store-relay.ts";

export interface Keeping extends AsyncDisposable {
  /** The state folder of the bridges: a shared store leaves little in it. */
  readonly folder: string;
  /** The address of the shared store. */
  readonly shared: string | undefined;
  /** The newest settled row, as it was saved; undefined before the first is. */
  cursor(workspaceId: string): Promise<string | undefined>;
  /** What is wrong with what a dead bridge left; undefined for nothing. */
  damage(workspaceId: string): string | undefined;
  /** After a kill: what the dead process held is free, as it would be once its lease has run out. */
  bury(pid: number): Promise<void>;
  /** Cuts connections, now or as soon as it hurts. */
  cut(): Promise<void>;
  /** Commits that were lost on their way, or done without an answer. */
  readonly losses: number;
}

export interface KeepingKind extends Guarded {
  name: string;
  /** `folder` must not be there yet. */
  start(folder: string): Promise<Keeping>;
}

const SCRIPTS = onPosix("the agent of the run is a script for sh");

export const LOCAL: KeepingKind = {
  ...SCRIPTS,
  name: "the local store",
  start: async (folder) => new LocalKeeping(folder),
};

/** What a commit has that changes messages. */
const COMMIT = '"state":"';

function* cutKinds(): Generator<Loss | "all", never> {
  for (;;) yield* ["answer", "all", "answer", "request"] as const;
}

let server: Promise<Postgres> | undefined;

export const POSTGRES: KeepingKind = {
  ...onPostgres,
  name: "Postgres",
  async start(folder) {
    // Many bridges at once have more connections than that of all tests allows.
    const { newDatabase } = await (server ??= startPostgres(["max_connections=250"]));
    const url = await newDatabase();
    return new PostgresKeeping(folder, url, await StoreRelay.start(url));
  },
};

class LocalKeeping implements Keeping {
  readonly folder: string;
  readonly shared = undefined;

  constructor(folder: string) {
    mkdirSync(folder, { mode: 0o700 });
    this.folder = folder;
  }

  async cursor(workspaceId: string): Promise<string | undefined> {
    const path = this.#path(workspaceId);
    if (!existsSync(path)) return undefined;
    return (JSON.parse(readFileSync(path, "utf8")) as { last_since_id?: string }).last_since_id;
  }

  damage(workspaceId: string): string | undefined {
    const path = this.#path(workspaceId);
    // A first life that died early has none yet.
    if (!existsSync(path)) return undefined;
    const text = readFileSync(path, "utf8");
    try {
      const { workspace_id } = JSON.parse(text) as { workspace_id?: unknown };
      return workspace_id === workspaceId ? undefined : `it names the workspace ${workspace_id}`;
    } catch {
      return `it holds ${JSON.stringify(text.slice(0, 200))}`;
    }
  }

  async bury(): Promise<void> {}

  async cut(): Promise<void> {}

  readonly losses = 0;

  async [Symbol.asyncDispose](): Promise<void> {}

  #path(workspaceId: string): string {
    return join(this.folder, `${workspaceId}.json`);
  }
}

class PostgresKeeping implements Keeping {
  readonly folder: string;
  readonly shared: string;
  readonly #sql: SQL;
  readonly #relay: StoreRelay;
  readonly #kinds = cutKinds();

  constructor(folder: string, url: string, relay: StoreRelay) {
    mkdirSync(folder, { mode: 0o700 });
    this.folder = folder;
    this.#sql = new SQL(url, { max: 1 });
    this.#relay = relay;
    this.shared = relay.url;
  }

  async cursor(workspaceId: string): Promise<string | undefined> {
    // A bridge that died early has not made the tables.
    const [row] = await this.#sql`SELECT to_regclass('molecule.cursors') IS NOT NULL AS there`;
    if (!row.there) return undefined;
    const rows = await this
      .#sql`SELECT last_since_id AS id FROM molecule.cursors WHERE ws = ${workspaceId}`;
    return rows[0]?.id ?? undefined;
  }

  /** Postgres sees to that. */
  damage(): undefined {}

  async bury(pid: number): Promise<void> {
    const [row] = await this.#sql`SELECT to_regclass('molecule.members') IS NOT NULL AS there`;
    if (row.there) await this.#sql`DELETE FROM molecule.members WHERE pid = ${pid}`;
  }

  async cut(): Promise<void> {
    const kind = this.#kinds.next().value;
    if (kind !== "all") return this.#relay.lose(kind, COMMIT);
    await this.#sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  }

  get losses(): number {
    return this.#relay.losses;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.close();
    await this.#relay[Symbol.asyncDispose]();
  }
}
