/**
 * Tries that do not count: what the backend or the platform asks for patience with is no fault of the
 * message.
 */
import type { Clock } from "../../shared/clock.ts";

/** How long tries at an overloaded backend do not count, from the first. */
const PATIENCE_MS = 30 * 60_000;

const LONG_MS = 60_000;

interface Tries {
  count: number;
  /** When the backend was overloaded first, monotonic. */
  since: number | undefined;
  /** When the first try was made that did not count, monotonic. */
  waitingSince: number | undefined;
}

/** One entry for each lane whose head had to wait, until that has come to its end. */
export class Patience {
  readonly #clock: Clock;
  readonly #tries = new Map<string, Tries>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a try of this message at an overloaded backend does not count: the first begins the time. */
  lasts(id: string): boolean {
    const tries = this.#of(id);
    tries.since ??= this.#clock.monotonic();
    return this.#clock.monotonic() - tries.since < PATIENCE_MS;
  }

  /** Whether it has waited so long, with tries that don't count, that its asker should hear of it. */
  isLong(id: string): boolean {
    const since = this.#tries.get(id)?.waitingSince;
    return since !== undefined && this.#clock.monotonic() - since >= LONG_MS;
  }

  /** One more try that does not count; gives how many there were. */
  next(id: string): number {
    const tries = this.#of(id);
    tries.count += 1;
    tries.waitingSince ??= this.#clock.monotonic();
    return tries.count;
  }

  /** The message has come to its end. */
  forget(id: string): void {
    this.#tries.delete(id);
  }

  #of(id: string): Tries {
    const found = this.#tries.get(id) ?? { count: 0, since: undefined, waitingSince: undefined };
    this.#tries.set(id, found);
    return found;
  }
}
