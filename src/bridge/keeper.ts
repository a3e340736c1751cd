/**
 * Writes that the work depends on: tried until they succeed. Without them a message could be run
 * twice or an answer be lost, so the work waits; heartbeats do not. A disk that is full is told once.
 */
import { fullJitter } from "../shared/backoff.ts";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import type { Emit } from "./events.ts";
import type { Naps } from "./naps.ts";

const RETRY_BASE_MS = 1_000;

/** The bridge was told to stop at once while a write would not succeed. */
export class Unwritten extends Error {
  override readonly name = "Unwritten";
}

export class Keeper {
  readonly #parts: { naps: Naps; random(): number; emit: Emit };
  readonly #cut: AbortSignal;
  /** Writes that are failing at this moment, and since how many tries. */
  #failing = 0;
  #failures = 0;

  constructor(parts: { naps: Naps; random(): number; emit: Emit }, cut: AbortSignal) {
    this.#parts = parts;
    this.#cut = cut;
  }

  /** Resolves with what the write gave. Rejects with {@link Unwritten}, or where no try can help. */
  async do<T>(write: () => Promise<T>): Promise<T> {
    const { naps, random, emit } = this.#parts;
    for (let failures = 0; ;) {
      try {
        const result = await write();
        if (failures > 0) this.#recovered();
        return result;
      } catch (error) {
        if (isHopeless(error)) throw error;
        if (failures === 0) this.#failing += 1;
        failures += 1;
        const inMs = fullJitter(failures, random, RETRY_BASE_MS);
        this.#failures += 1;
        if (this.#failures === 1) {
          const hint = error instanceof MoleculeError ? error.hint : undefined;
          emit({ type: "save-failed", reason: messageOf(error), hint, inMs });
        }
        await naps.nap(inMs, this.#cut);
        if (this.#cut.aborted) throw new Unwritten(messageOf(error), { cause: error });
      }
    }
  }

  #recovered(): void {
    this.#failing -= 1;
    if (this.#failing > 0) return;
    this.#parts.emit({ type: "save-recovered", failures: this.#failures });
    this.#failures = 0;
  }
}

/** What the disk or the system says, and may pass: full, failing, read-only, out of file handles. */
const PASSING = /^(?:ENOSPC|EDQUOT|EIO|EROFS|EMFILE|ENFILE|EBUSY|ESTALE)$/;
/** And the database: a broken one does not mend itself. */
const DATABASE_PASSING =
  /^SQLITE_(?:FULL|BUSY|LOCKED|IOERR|READONLY|CANTOPEN|PROTOCOL|NOMEM|PERM|AUTH|INTERRUPT)/;

/** Whether no try can help: who waited for that would wait for ever. */
function isHopeless(error: unknown): boolean {
  const code = error instanceof MoleculeError ? codeOf(error.cause) : undefined;
  return code === undefined || !(PASSING.test(code) || DATABASE_PASSING.test(code));
}
