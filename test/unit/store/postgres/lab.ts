/** A workspace in a Postgres of the tests, and what tests of the shared store do to it from outside. */
import { SQL } from "bun";
import { systemClock, type Clock } from "../../../../src/shared/clock.ts";
import type { PostgresStores } from "../../../../src/store/postgres/stores.ts";
import type { PostgresStore } from "../../../../src/store/postgres/store.ts";
import { sharedPostgres } from "../../../harness/postgres.ts";
import { StoreRelay } from "../../../harness/store-relay.ts";
import { storesAt } from "../../../harness/stores.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { lookUntil } from "../../../harness/wait.ts";

/** So long that nothing comes to an end, or is looked at, by itself. */
export const AGES_MS = 600_000;

/** One process of those that share the database. */
export interface Process {
  stores: PostgresStores;
  /** Of the lab's workspace, where no other is named. */
  store(workspaceId?: string): PostgresStore;
}

let database: Promise<string> | undefined;

export class SharedLab implements AsyncDisposable {
  readonly workspaceId: string = crypto.randomUUID();
  readonly url: string;
  /** The database, as its administrator sees it. */
  readonly sql: SQL;
  readonly #folder = tmpFolder();
  readonly #ends = new AsyncDisposableStack();

  private constructor(url: string) {
    this.url = url;
    this.sql = this.#ends.adopt(new SQL(url, { max: 2 }), (sql) => sql.close({ timeout: 1 }));
  }

  /** `own`: in a database of its own, for what concerns all of it. */
  static async start(own?: "own"): Promise<SharedLab> {
    const make = async () => (await sharedPostgres()).newDatabase();
    return new SharedLab(await (own === "own" ? make() : (database ??= make())));
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** A way to the server that can be cut; {@link process} takes its url. */
  async relay(): Promise<StoreRelay> {
    return this.#ends.use(await StoreRelay.start(this.url));
  }

  async process(leaseMs: number, url = this.url, clock: Clock = systemClock): Promise<Process> {
    const stores = this.#ends.use(await storesAt(url, { leaseMs, clock }));
    const { folder } = this;
    return { stores, store: (id = this.workspaceId) => stores.of(id, { folder }) };
  }

  /** As if its lease had run out. */
  async remove(holderOf = this.workspaceId): Promise<void> {
    await this.sql`DELETE FROM molecule.members WHERE id =
      (SELECT owner FROM molecule.workspaces WHERE id = ${holderOf})`;
  }

  /** Its holder is removed, and the store's process takes it, if need be again: a holder that lives takes it back. */
  async pass(store: PostgresStore): Promise<void> {
    await lookUntil(async () => {
      if (!store.lock.isHeld) await this.remove(store.lock.workspaceId);
      return (await store.lock.take()) === "taken";
    });
  }

  async row(): Promise<{ owner: string | null; epoch: number; version: number }> {
    const [row] = await this.sql`SELECT owner, epoch::integer, version::integer
      FROM molecule.workspaces WHERE id = ${this.workspaceId}`;
    return row;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
    this.#folder[Symbol.dispose]();
  }
}

/** Takes and opens it, as soon as that can be. */
export async function opened(store: PostgresStore): Promise<PostgresStore> {
  await taken(store);
  await store.open();
  return store;
}

export function taken(store: PostgresStore): Promise<void> {
  return lookUntil(
    async () => (await store.lock.take()) === "taken",
    () => "it was not to be had",
  );
}

export const FOREVER = new AbortController().signal;
