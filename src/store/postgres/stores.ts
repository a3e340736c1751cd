/** The stores of one process in one Postgres: their connections, and the process as a member. */
import { systemClock, within, type Clock } from "../../shared/clock.ts";
import { isFor } from "../../shared/kept-token.ts";
import { digestOf } from "../digest.ts";
import { SqlDeadLetters } from "../dead-letters.ts";
import type { DeadLetters } from "../store.ts";
import type { StoreAddress } from "./address.ts";
import { PostgresClient } from "./client.ts";
import type { StoreEvent } from "./contact.ts";
import { FencedDatabase } from "./fenced-database.ts";
import { Members } from "./members.ts";
import { migrateSchema, schemaVersion } from "./migrate.ts";
import { Struggles } from "./struggles.ts";
import { storedToken } from "./survey.ts";
import { PostgresStore, type PostgresStoreParts } from "./store.ts";

/** How long a process may be silent before another may take what it holds, in ms. */
export const LEASE_MS = 10_000;
/** Commits of as many workspaces at once; each takes a millisecond. */
const CONNECTIONS = 4;
/** Less than a renewal has (see member-queries.ts). */
const PRESENCE_LOCK_MS = 900;
/** How long a last word may take: what can't be said runs out with the lease. */
const CLOSE_MS = 1_500;

export interface PostgresStoresParts {
  clock?: Clock;
  /** [0, 1): the jitter of every wait. */
  random(): number;
  leaseMs?: number;
  /** The workspaces that this process is to serve: those with the same ones share them. */
  workspaces?: readonly string[];
  /** Workspaces that are served at once; undefined for all. */
  maxWorkspaces?: number | undefined;
  tell?(event: StoreEvent): void;
}

export class PostgresStores {
  readonly #work: PostgresClient;
  /** Its own connections, so that no work can keep us from saying that we live. */
  readonly #presence: PostgresClient;
  readonly #members: Members;
  readonly #struggles: Struggles;
  readonly #clock: Clock;
  readonly #random: () => number;
  #tables: Promise<boolean> | undefined;

  /** Touches nothing yet. */
  constructor(address: StoreAddress, parts: PostgresStoresParts) {
    const { clock = systemClock, random, leaseMs = LEASE_MS } = parts;
    const { maxWorkspaces: capacity, workspaces = [], tell = () => {} } = parts;
    this.#clock = clock;
    this.#random = random;
    this.#work = new PostgresClient(address, clock, CONNECTIONS);
    this.#presence = new PostgresClient(address, clock, 1, PRESENCE_LOCK_MS);
    const list = digestOf(...workspaces.toSorted());
    const self = { id: crypto.randomUUID(), leaseMs, capacity, list };
    this.#members = new Members(this.#presence, this.#work, self, { clock, random, tell });
    this.#struggles = new Struggles(clock, this.#members.contact, tell);
  }

  /** How many processes serve workspaces of this list, with this one. */
  get serving(): number {
    return this.#members.serving;
  }

  /** Connects, and brings the schema up to date. Rejects with a MoleculeError that says what is in the way. */
  async ready(): Promise<void> {
    await migrateSchema(this.#work);
    this.#tables = Promise.resolve(true);
  }

  /** Looks without changing anything: the version of the schema, 0 where there is none. Rejects as {@link ready}. */
  inspect(): Promise<number> {
    return schemaVersion(this.#work);
  }

  /** Whether it has anything of the workspace. Rejects as a query does. */
  async knows(workspaceId: string): Promise<boolean> {
    if (!(await this.#hasTables())) return false;
    const rows = await this.#work.query("SELECT 1 FROM molecule.meta WHERE ws = $1", [workspaceId]);
    return rows.length > 0;
  }

  /** The token that is kept for a workspace, if there is one for that platform. Rejects as a query does. */
  async keptToken(workspaceId: string, platform: string): Promise<string | undefined> {
    if (!(await this.#hasTables())) return undefined;
    const kept = await storedToken(this.#work, workspaceId);
    return kept !== undefined && isFor(kept, platform) ? kept.value : undefined;
  }

  /** None where a dry run looks at an empty database; asked once, however many workspaces there are. */
  #hasTables(): Promise<boolean> {
    return (this.#tables ??= this.inspect().then((version) => version > 0));
  }

  /** The store of a workspace; nothing is read yet. */
  of(workspaceId: string, parts: PostgresStoreParts): PostgresStore {
    const common = { clock: this.#clock, random: this.#random, struggles: this.#struggles };
    return new PostgresStore(this.#work, this.#members, workspaceId, { ...common, ...parts });
  }

  /**
   * The dead letters of a workspace without its lease, also while a bridge has it, which notices what is
   * changed. Rejects with a MoleculeError where the store knows nothing of the workspace. `folder` is for the copy.
   */
  async visit(
    workspaceId: string,
    folder: string,
  ): Promise<{ letters: DeadLetters; close(): Promise<void> }> {
    const [clock, random] = [this.#clock, this.#random];
    const right = {
      writer: undefined,
      lost: NEVER,
      recheck: async () => {},
      takeTouch: () => false,
    };
    const database = new FencedDatabase({
      client: this.#work,
      workspaceId,
      folder,
      right,
      clock,
      random,
      struggles: this.#struggles,
    });
    await database.open();
    return { letters: new SqlDeadLetters(database, clock), close: () => database.close() };
  }

  /** Frees what is held, and ends all connections. Never rejects. */
  async close(): Promise<void> {
    await within(this.#clock, CLOSE_MS, this.#members.close());
    await Promise.all([this.#presence.close(), this.#work.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const NEVER = new AbortController().signal;
