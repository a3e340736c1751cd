/** Durations counted by how long they were, in seconds, as Prometheus reads them. */

/** From when a message was written to when its run began. */
export const PICKUP_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

/** A backend may answer at once, or work for an hour. */
export const RUN_BUCKETS = [
  0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600,
] as const;

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** `bounds`: the upper ends of the buckets, each included, the lowest first. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  /** Counts one of so many milliseconds; two clocks may give less than none, which counts as none. */
  observe(ms: number): void {
    const seconds = Math.max(0, ms) / 1_000;
    this.#sum += seconds;
    this.#count += 1;
    const at = this.#bounds.findIndex((bound) => seconds <= bound);
    if (at !== -1) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** For each bound how many were not longer; and the sum of all, and how many they were. */
  read(): { buckets: { le: number; count: number }[]; sum: number; count: number } {
    let below = 0;
    const buckets = this.#bounds.map((le, i) => ({ le, count: (below += this.#counts[i] ?? 0) }));
    return { buckets, sum: this.#sum, count: this.#count };
  }
}
