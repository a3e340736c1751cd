/**
 * A deadline that covers headers and body, joined with the caller's signal. Made by hand:
 * AbortSignal.any on a signal that lives for months keeps something for every call.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuter = () => this.abort();
  /** Set once the time is up. */
  expired: Error | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.expired = new DOMException("the deadline passed", "TimeoutError");
      this.abort();
    }, ms);
    if (outer?.aborted) this.abort();
    outer?.addEventListener("abort", this.#onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onOuter);
  }
}
