import type { Clock } from "../../src/shared/clock.ts";

interface Sleeper {
  due: number;
  /** How long it wanted to sleep. */
  asked: number;
  resolve(): void;
}

/** A clock that moves only when a test moves it. Due sleepers wake in the order of their time. */
export class ManualClock implements Clock {
  #monotonic = 0;
  #sleepers = new Set<Sleeper>();
  #watchers = new Set<() => void>();
  /** Wall time less running time: {@link suspend} widens it. */
  #offset: number;
  /** Resolves once what was woken has done what it does without waiting for time. */
  readonly #settled: () => Promise<void>;

  constructor(startMs = Date.UTC(2026, 0, 1), settled = () => turn(setImmediate)) {
    this.#offset = startMs;
    this.#settled = settled;
  }

  now(): number {
    return this.#offset + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = {
        due: this.#monotonic + ms,
        asked: ms,
        resolve: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", sleeper.resolve);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", sleeper.resolve, { once: true });
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  /** How long the open sleeps still last, shortest first. */
  get pending(): number[] {
    return this.#bySoonest().map(({ due }) => due - this.#monotonic);
  }

  /** Resolves once a sleep that `matches` (remaining ms, and how long it is in all) is open. */
  async untilSleeping(
    matches: (ms: number, asked: number) => boolean = () => true,
  ): Promise<number> {
    for (;;) {
      for (const { due, asked } of this.#bySoonest()) {
        const left = due - this.#monotonic;
        if (matches(left, asked)) return left;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#watchers.add(resolve);
      await promise;
      this.#watchers.delete(resolve);
    }
  }

  /** Moves time on, waking sleepers as their time comes, and lets what they resume run. */
  async advance(ms: number): Promise<void> {
    await this.#settled();
    const end = this.#monotonic + ms;
    for (;;) {
      const [next] = this.#bySoonest();
      if (next === undefined || next.due > end) break;
      this.#monotonic = Math.max(this.#monotonic, next.due);
      next.resolve();
      await this.#settled();
    }
    this.#monotonic = end;
  }

  /**
   * Moves time on in steps until the condition holds. Real work goes on between the steps, so little
   * time passes here while much passes there.
   */
  async advanceUntil(condition: () => boolean, stepMs = 1): Promise<void> {
    while (!condition()) {
      await this.advance(stepMs);
      await turn((done) => setTimeout(done, 1));
    }
  }

  /** The process is stopped: all time goes on, and nothing of ours runs. */
  stall(ms: number): void {
    this.#monotonic += ms;
  }

  /** The machine sleeps: wall time goes on, running time does not. */
  suspend(ms: number): void {
    this.#offset += ms;
  }

  #bySoonest(): Sleeper[] {
    return [...this.#sleepers].sort((a, b) => a.due - b.due);
  }
}

/** Resolves when the event loop has come round. */
function turn(next: (done: () => void) => unknown): Promise<void> {
  return new Promise((resolve) => next(resolve));
}
