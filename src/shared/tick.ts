/**
 * Moments that many waits of a process share. To wake up takes longer than most of what is done then: two
 * hundred loops that wake up together take a fraction of what they take one by one.
 */
import type { Clock } from "./clock.ts";

/** The moments are so far apart, counted from where the clock began. */
const STEP_MS = 1_000;

/** How long to wait, in whole ms, to wake up at the last shared moment within `ms`; `ms` where there is none. */
export function inStep(clock: Pick<Clock, "monotonic">, ms: number): number {
  const now = clock.monotonic();
  const end = Math.floor((now + ms) / STEP_MS) * STEP_MS;
  // A timer must not end a hair before the moment: the next would be taken for it.
  return end > now ? Math.ceil(end - now) : ms;
}

/** One timer for all that listen for the next moment, and none where nobody does. */
export class Tick {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #timer: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has `heard` called at each moment: every second. It must not throw. Gives the way to end that. */
  listen(heard: () => void): () => void {
    this.#listeners.add(heard);
    if (this.#timer === undefined) void this.#run();
    return () => {
      this.#listeners.delete(heard);
      if (this.#listeners.size > 0) return;
      // A timer that nobody waits for would keep the process alive.
      this.#timer?.abort(NOBODY);
      this.#timer = undefined;
    };
  }

  async #run(): Promise<void> {
    const timer = new AbortController();
    const { signal } = (this.#timer = timer);
    for (;;) {
      await this.#clock.sleep(inStep(this.#clock, STEP_MS), signal);
      if (signal.aborted) return;
      for (const heard of this.#listeners) heard();
    }
  }
}

/** A reason of its own: the default one is an error with a stack. */
const NOBODY = Symbol("nobody");

const ticks = new WeakMap<Clock, Tick>();

/** That of all who go by this clock. */
export function tickOf(clock: Clock): Tick {
  const known = ticks.get(clock);
  if (known !== undefined) return known;
  const made = new Tick(clock);
  ticks.set(clock, made);
  return made;
}
