import { Abortions } from "../../shared/abortions.ts";

/** So many runs at once, given in the order in which they are asked for. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();
  readonly #abortions = new Abortions();

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves with whether a slot was given: false once the signal aborts. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const given = () => resolve(true);
    const stop = () => {
      // Given in the same instant: then it is ours, and ours to give back.
      if (this.#waiting.delete(given)) resolve(false);
    };
    this.#waiting.add(given);
    this.#abortions.add(signal, stop);
    try {
      return await promise;
    } finally {
      this.#abortions.remove(signal, stop);
    }
  }

  /** Gives a slot back: to whoever has waited longest. */
  free(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
