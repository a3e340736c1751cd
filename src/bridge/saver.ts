/**
 * Saves the cursor: saves in flight are joined, never queued. A disk that is full is told once and
 * tried again in the background while the work goes on.
 */
import { fullJitter } from "../shared/backoff.ts";
import { messageOf, MoleculeError } from "../shared/errors.ts";
import type { Cursor, Store } from "../store/store.ts";
import type { Emit } from "./events.ts";
import type { Naps } from "./naps.ts";

const RETRY_BASE_MS = 2_000;

export interface SaverParts {
  store: Store;
  naps: Naps;
  random(): number;
  emit: Emit;
}

export class Saver {
  readonly #parts: SaverParts;
  readonly #stop = new AbortController();
  /** What is not on disk yet. */
  #latest: Cursor | undefined;
  #saving: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;

  constructor(parts: SaverParts) {
    this.#parts = parts;
  }

  /** Resolves once this cursor, or a newer one, is on disk or failed to get there; never rejects. */
  async save(cursor: Cursor): Promise<void> {
    this.#latest = cursor;
    if (this.#retrying !== undefined) return;
    this.#saving ??= this.#saveLatest().finally(() => (this.#saving = undefined));
    await this.#saving;
  }

  /** A last try at what is not saved. Rejects when it can't be. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#saving;
    await this.#retrying;
    if (this.#latest !== undefined) await this.#write(this.#latest);
  }

  async #saveLatest(): Promise<void> {
    while (this.#latest !== undefined) {
      try {
        await this.#write(this.#latest);
      } catch (error) {
        this.#retrying = this.#retry(error).finally(() => (this.#retrying = undefined));
        return;
      }
    }
  }

  async #retry(first: unknown): Promise<void> {
    const { naps, random, emit } = this.#parts;
    let error = first;
    for (let failures = 1; ; failures++) {
      const inMs = fullJitter(failures, random, RETRY_BASE_MS);
      if (failures === 1) {
        const hint = error instanceof MoleculeError ? error.hint : undefined;
        emit({ type: "save-failed", reason: messageOf(error), hint, inMs });
      }
      await naps.nap(inMs, this.#stop.signal);
      if (this.#stop.signal.aborted || this.#latest === undefined) return;
      try {
        while (this.#latest !== undefined) await this.#write(this.#latest);
        return emit({ type: "save-recovered", failures });
      } catch (again) {
        error = again;
      }
    }
  }

  async #write(cursor: Cursor): Promise<void> {
    await this.#parts.store.saveCursor(cursor);
    if (this.#latest === cursor) this.#latest = undefined;
  }
}
