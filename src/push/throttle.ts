/** What is told at most once a minute. */
import type { Clock } from "../shared/clock.ts";

const MINUTE_MS = 60_000;
/** Keys that are remembered. */
const MOST_KEYS = 1_000;

export class Throttle {
  readonly #clock: Clock;
  readonly #told = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it may be told now; if so, it counts as told. */
  isDue(key: string): boolean {
    const now = this.#clock.monotonic();
    const before = this.#told.get(key);
    if (before !== undefined && now - before < MINUTE_MS) return false;
    if (this.#told.size >= MOST_KEYS) this.#told.clear();
    this.#told.set(key, now);
    return true;
  }
}
