/**
 * A deadline, in milliseconds from now, that covers headers and body, joined with the caller's signal.
 * Made by hand: AbortSignal.any on a signal that lives for months keeps something for every call.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuter = () => this.abort();
  /** Set once the time is up. */
  expired: Error | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#outer = outer;
    this.#ms = ms;
    this.restart();
    if (outer?.aborted) this.abort();
    outer?.addEventListener("abort", this.#onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time begins anew. */
  restart(): void {
    this.pause();
    this.#timer = setTimeout(() => {
      this.expired = new DOMException("the deadline passed", "TimeoutError");
      this.abort();
    }, this.#ms);
  }

  /** No time passes until the restart. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  abort(): void {
    this.#controller.abort();
  }

  clear(): void {
    this.pause();
    this.#outer?.removeEventListener("abort", this.#onOuter);
  }
}
