import { Abortions } from "../shared/abortions.ts";
import type { Bell } from "../shared/bell.ts";
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
    await this.napUntil(undefined, ms, signal);
  }

  /** The same, or when the bell rings: resolves with whether that ended it. */
  async napUntil(bell: Bell | undefined, ms: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const controller = new AbortController();
    const end = () => controller.abort(OVER);
    let rung = false;
    this.#abortions.add(signal, end);
    this.#open.add(controller);
    const leave = bell?.next(() => {
      rung = !controller.signal.aborted;
      end();
    });
    try {
      await this.#clock.sleep(ms, controller.signal);
      return rung;
    } finally {
      leave?.();
      this.#open.delete(controller);
      this.#abortions.remove(signal, end);
    }
  }

  wakeAll(): void {
    this.wakes += 1;
    for (const controller of this.#open) controller.abort(OVER);
  }
}

/** A reason of its own: the default one is an error with a stack. */
const OVER = Symbol("over");
