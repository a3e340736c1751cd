/** A time limit on the program's clock, joined with the signal of whoever waits. */
import type { Clock } from "../shared/clock.ts";

/** To be disposed of: until then it holds a timer, and a listener on the outer signal. */
export class Limit implements Disposable {
  readonly #ended = new AbortController();
  readonly #done = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onOuter = () => this.#ended.abort();
  /** The time was up, and nobody had asked us to stop before. */
  expired = false;

  constructor(clock: Clock, ms: number, outer?: AbortSignal) {
    this.#outer = outer;
    if (outer?.aborted) this.#ended.abort();
    outer?.addEventListener("abort", this.#onOuter, { once: true });
    void clock.sleep(ms, this.#done.signal).then(() => {
      if (this.#done.signal.aborted || this.#ended.signal.aborted) return;
      this.expired = true;
      this.#ended.abort();
    });
  }

  /** Aborts at the end of the time, or with the outer signal. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  [Symbol.dispose](): void {
    this.#outer?.removeEventListener("abort", this.#onOuter);
    this.#done.abort();
  }
}
