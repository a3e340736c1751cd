import { Abortions } from "../shared/abortions.ts";
import type { Clock } from "../shared/clock.ts";

/**
 * Waits that can be cut short: by their own signal, or all at once when the machine wakes up.
 * Each forgets its listener when it ends, so loops may nap for months on one signal.
 */
export class Naps {
  readonly #clock: Clock;
  readonly #open = new Set<AbortController>();
  readonly #abortions = new Abortions();
  /** How often {@link wakeAll} was called: pooled connections may have died each time. */
  wakes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms`, on abort, or on {@link wakeAll}. */
  async nap(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const controller = new AbortController();
    const end = () => controller.abort();
    this.#abortions.add(signal, end);
    this.#open.add(controller);
    try {
      await this.#clock.sleep(ms, controller.signal);
    } finally {
      this.#open.delete(controller);
      this.#abortions.remove(signal, end);
    }
  }

  wakeAll(): void {
    this.wakes += 1;
    for (const controller of this.#open) controller.abort();
  }
}
