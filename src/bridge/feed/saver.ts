/**
 * Saves the cursor behind the work: whatever was settled meanwhile goes into one write, and a disk
 * that is full is told once and tried again. The journal knows all of it already, so a file that lags
 * costs nothing but the reading of some rows again.
 */
import { fullJitter } from "../../shared/backoff.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import type { Cursor, Place, Store } from "../../store/store.ts";
import type { Emit } from "../events.ts";
import type { Naps } from "../naps.ts";

const RETRY_BASE_MS = 2_000;
/** So often at most, while much is settled: each save flushes two files and a folder. */
const PAUSE_MS = 250;

export interface SaverParts {
  store: Pick<Store, "saveCursor"> & { journal: Pick<Store["journal"], "watermark"> };
  /** Where the next reading may start. */
  anchor(): Place | undefined;
  naps: Naps;
  random(): number;
  emit: Emit;
}

export class Saver {
  readonly #parts: SaverParts;
  readonly #stop = new AbortController();
  #cursor: Cursor;
  #dirty = false;
  #working: Promise<void> | undefined;

  constructor(parts: SaverParts, cursor: Cursor) {
    this.#parts = parts;
    this.#cursor = cursor;
  }

  /** What was saved last. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Something was settled: to be saved soon. */
  touch(): void {
    this.#dirty = true;
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  /** A last save of what is not saved. Rejects when it can't be. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
    if (this.#dirty) await this.#save();
  }

  async #work(): Promise<void> {
    const { naps, random, emit } = this.#parts;
    const { signal } = this.#stop;
    for (let failures = 0; this.#dirty && !signal.aborted;) {
      try {
        await this.#save();
        if (failures > 0) emit({ type: "save-recovered", failures });
        failures = 0;
        await naps.nap(PAUSE_MS, signal);
      } catch (error) {
        this.#dirty = true;
        failures += 1;
        const inMs = fullJitter(failures, random, RETRY_BASE_MS);
        if (failures === 1) {
          const hint = error instanceof MoleculeError ? error.hint : undefined;
          emit({ type: "save-failed", reason: messageOf(error), hint, inMs });
        }
        await naps.nap(inMs, signal);
      }
    }
  }

  async #save(): Promise<void> {
    const { store, anchor, emit } = this.#parts;
    this.#dirty = false;
    const settled = await store.journal.watermark();
    const from = anchor();
    const cursor: Cursor = {
      ...this.#cursor,
      // A journal that was lost knows of nothing yet.
      ...(settled === undefined ? {} : { lastSinceId: settled.id, settled }),
      fetchFromId: undefined,
    };
    if (cursor.settled !== undefined && from !== undefined && from.at < cursor.settled.at) {
      cursor.fetchFromId = from.id;
    }
    if (same(cursor, this.#cursor)) return;
    await store.saveCursor(cursor);
    this.#cursor = cursor;
    emit({ type: "cursor-saved", id: cursor.lastSinceId ?? "" });
  }
}

function same(a: Cursor, b: Cursor): boolean {
  return (
    a.lastSinceId === b.lastSinceId &&
    a.settled?.id === b.settled?.id &&
    a.windowStart === b.windowStart &&
    a.fetchFromId === b.fetchFromId
  );
}
