/**
 * The transactions of a workspace whose rows are in Postgres. They run one after the other on a copy, those
 * of one turn of the event loop together, and what they change is committed there once it is in Postgres: by
 * one statement, which does nothing if the workspace has been another's since, or was changed from outside.
 */
import { fullJitter } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import { LeaseLost } from "../../shared/lease-lost.ts";
import { MoleculeError } from "../../shared/errors.ts";
import type { Operation, Transactions } from "../transactions.ts";
import type { PostgresClient } from "./client.ts";
import { loadCopy, type Reach } from "./load-copy.ts";
import { StoreAway } from "./postgres-error.ts";
import type { Right } from "./right.ts";
import { commitOf } from "./statements.ts";
import type { Struggles } from "./struggles.ts";
import type { Change, WorkingCopy } from "./working-copy.ts";

/** While Postgres is away what is to be committed waits, and is tried again so often at least. */
const RETRY_BASE_MS = 100;
const RETRY_CAP_MS = 2_000;

interface Job {
  operation: Operation<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export interface FencedParts {
  client: PostgresClient;
  workspaceId: string;
  /** For the copy. */
  folder: string;
  right: Right;
  clock: Clock;
  random(): number;
  /** Is told of what does not come through. */
  struggles: Struggles;
}

export class FencedDatabase implements Transactions {
  readonly #parts: FencedParts;
  /** Nothing waits for Postgres to come back any more. */
  #closing = new AbortController();
  #copy: WorkingCopy | undefined;
  #version = 0;
  #queue: Job[] = [];
  #working: Promise<void> | undefined;
  /** The copy is not what is in Postgres. */
  #isStale = false;
  /** It was made anew, since another program had changed something. */
  #isChanged = false;

  /** Touches nothing yet. */
  constructor(parts: FencedParts) {
    this.#parts = parts;
  }

  /** Makes the copy. Rejects with a MoleculeError. */
  async open(): Promise<void> {
    const closing = (this.#closing = new AbortController());
    await this.#reload(this.#parts.client);
    this.#isChanged = false;
    // Nobody waits for it any more.
    if (closing.signal.aborted) await this.close();
  }

  /** As {@link Transactions} has it; every one is durable. While Postgres is away it waits. */
  write<T>(operation: Operation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ operation, resolve: (value) => resolve(value as T), reject });
      this.#working ??= this.#work();
    });
  }

  async read<T>(query: Operation<T>): Promise<T> {
    return this.write(query);
  }

  /** Whether another program has changed anything since the last call or the opening. */
  async changed(): Promise<boolean> {
    this.#copy?.settle();
    if (this.#parts.right.takeTouch()) {
      this.#isStale = true;
      await this.read(() => {});
    }
    const was = this.#isChanged;
    this.#isChanged = false;
    return was;
  }

  /** Writes what is queued, unless Postgres is away, and throws the copy away. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
    this.#copy?.close();
    this.#copy = undefined;
  }

  async #work(): Promise<void> {
    // What else this turn of the event loop brings goes with it.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const jobs = this.#queue;
      this.#queue = [];
      const isDone = jobs.length > 1 && (await this.#settle(jobs, true));
      if (!isDone) for (const job of jobs) await this.#settle([job], false);
    }
    this.#working = undefined;
  }

  /** Whether the jobs have come to their end: with `whole`, not where one failed that may fail alone. */
  async #settle(jobs: readonly Job[], whole: boolean): Promise<boolean> {
    try {
      const values = await this.#transaction(jobs);
      for (const [index, job] of jobs.entries()) job.resolve(values[index]);
    } catch (error) {
      if (whole && !(error instanceof LeaseLost || error instanceof StoreAway)) return false;
      for (const job of jobs) job.reject(error);
    }
    return true;
  }

  async #transaction(jobs: readonly Job[], reach: Reach = this.#parts.client): Promise<unknown[]> {
    for (;;) {
      if (this.#isStale) await this.#reload(reach);
      const copy = this.#copy;
      if (copy === undefined) throw notOpen();
      const sql = copy.begin();
      try {
        const values = jobs.map((job) => job.operation(sql));
        const changes = copy.changes();
        if (changes.length === 0 || (await this.#commit(reach, copy, changes))) {
          this.#keep(copy);
          return values;
        }
      } catch (error) {
        copy.rollback();
        throw error;
      }
      copy.rollback();
      // Somebody has committed since the copy was made: it is made anew, and the work done on that.
      await this.#untilThere(() => this.#parts.right.recheck());
      this.#isStale = true;
      if (this.#parts.right.writer === undefined) return this.#locked(jobs);
    }
  }

  /** For a command from outside, which a busy holder would overtake again and again: that one waits. */
  #locked(jobs: readonly Job[]): Promise<unknown[]> {
    const { client, workspaceId } = this.#parts;
    return client.transaction(async (query) => {
      await query("SELECT 1 FROM molecule.workspaces WHERE id = $1 FOR UPDATE", [workspaceId]);
      // Nobody changes the workspace now, so that all queries see the same.
      const { place } = client;
      return this.#transaction(jobs, { query, place, snapshot: (read) => read(query) });
    });
  }

  /** What is in Postgres is done, also where the copy can't follow: a disk may be full. */
  #keep(copy: WorkingCopy): void {
    try {
      copy.commit();
    } catch {
      copy.rollback();
      this.#isStale = true;
    }
  }

  /** Whether all of it is in Postgres; if not, nothing is. */
  async #commit(reach: Reach, copy: WorkingCopy, changes: readonly Change[]): Promise<boolean> {
    const { workspaceId, right } = this.#parts;
    const { writer } = right;
    const id = crypto.randomUUID();
    const version = this.#version;
    const commit = commitOf(workspaceId, version, id, writer, changes, copy.columns);
    let isInDoubt = false;
    const done = await this.#untilThere(async () => {
      const isAgain = isInDoubt;
      isInDoubt = writer !== undefined;
      const [row] = await reach.query<{ n: number }>(commit.text, commit.values, commit.limitMs);
      // Of one that was cut off it can't be known what became of it, nor when: only that this one, which is
      // of the same version, does nothing after it.
      return row?.n === 1 || (isAgain && (await this.#isCommitted(id)));
    });
    if (done) this.#version += 1;
    return done;
  }

  async #isCommitted(commitId: string): Promise<boolean> {
    const { client, workspaceId } = this.#parts;
    const rows = await client.query(
      "SELECT 1 FROM molecule.workspaces WHERE id = $1 AND commit_id = $2",
      [workspaceId, commitId],
    );
    return rows.length > 0;
  }

  /** Does it as soon as Postgres is there. Rejects with a LeaseLost, or where it is closed meanwhile. */
  async #untilThere<T>(work: () => Promise<T>): Promise<T> {
    const { right, clock, random, struggles } = this.#parts;
    try {
      for (let failures = 1; ; failures++) {
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof StoreAway) || right.writer === undefined) throw error;
          struggles.failed(this, failures, error);
          // Made for each wait: one for each commit would pile up on signals that live for months.
          const stop = AbortSignal.any([this.#closing.signal, right.lost]);
          await clock.sleep(fullJitter(failures, random, RETRY_BASE_MS, RETRY_CAP_MS), stop);
          if (right.lost.aborted) throw right.lost.reason;
          if (stop.aborted) throw error;
        }
      }
    } finally {
      struggles.over(this);
    }
  }

  async #reload(reach: Reach): Promise<void> {
    const { workspaceId, folder, right } = this.#parts;
    const { copy, version } = await this.#untilThere(async () => {
      for (;;) {
        try {
          const isTouched = this.#copy !== undefined;
          return await loadCopy(reach, workspaceId, folder, right.writer, isTouched);
        } catch (error) {
          if (!(error instanceof LeaseLost) || right.lost.aborted) throw error;
          // It is lost once the right says so: it may come back yet.
          await right.recheck();
        }
      }
    });
    this.#copy?.close();
    this.#copy = copy;
    this.#version = version;
    this.#isStale = false;
    this.#isChanged = true;
  }
}

function notOpen(): MoleculeError {
  return new MoleculeError("the store is not open");
}
