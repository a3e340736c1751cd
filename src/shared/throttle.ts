import type { Clock } from "./clock.ts";

/** What is told at most once in so long for each key, and how much was kept back since. */
export class Throttle {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #mostKeys: number;
  /** When each key was told last, monotonic, and how often it was kept back since; the oldest first. */
  readonly #told = new Map<string, { at: number; kept: number }>();

  /** Of `mostKeys` it is remembered; one beyond that is told again. */
  constructor(clock: Clock, everyMs: number, mostKeys: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#mostKeys = mostKeys;
  }

  /**
   * How many there were since it was told last, this one included, where it may be told now: then it
   * counts as told. Undefined where it may not.
   */
  due(key: string): number | undefined {
    const now = this.#clock.monotonic();
    const last = this.#told.get(key);
    if (last !== undefined && now - last.at < this.#everyMs) {
      last.kept += 1;
      return undefined;
    }
    this.#told.delete(key);
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size >= this.#mostKeys) this.#told.delete(oldest);
    this.#told.set(key, { at: now, kept: 0 });
    return (last?.kept ?? 0) + 1;
  }
}
