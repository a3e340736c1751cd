/**
 * The lanes: the messages of each peer, first in first out, side by side with those of others. What
 * waits, waits in the journal; here is only who has something to do.
 */
import { Bell } from "../../shared/bell.ts";

/** Works a lane until nothing is left in it, or it may not go on. */
export type Work = (lane: string) => Promise<void>;

export class Lanes {
  readonly #work: Work;
  readonly #running = new Map<string, Promise<void>>();
  readonly #poked = new Set<string>();
  readonly #bell = new Bell();
  readonly #failed = Promise.withResolvers<never>();
  #stopped = false;
  /** What ended the run, where a lane did. */
  failure: unknown;

  constructor(work: Work) {
    this.#work = work;
    // Who races against it hears of it; nobody else has to.
    this.#failed.promise.catch(() => {});
  }

  /** Rejects when working a lane fails in a way that ends the run. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** How many lanes are at work, or wait for their next try. */
  get working(): number {
    return this.#running.size;
  }

  /** There is something in this lane. */
  poke(lane: string): void {
    if (this.#stopped) return;
    this.#poked.add(lane);
    if (this.#running.has(lane)) return;
    this.#running.set(lane, this.#run(lane));
  }

  /** No lane is taken up any more; those at work end by themselves. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when no lane is at work, or on abort. */
  async untilIdle(signal: AbortSignal): Promise<void> {
    while (this.#running.size > 0 && !signal.aborted) await this.#bell.wait(signal);
  }

  async #run(lane: string): Promise<void> {
    try {
      while (this.#poked.delete(lane)) await this.#work(lane);
    } catch (error) {
      this.failure ??= error;
      this.#failed.reject(error);
    } finally {
      this.#running.delete(lane);
      if (this.#running.size === 0) this.#bell.ring();
    }
  }
}
