import { Abortions } from "./abortions.ts";

/** Wakes whoever waits for something to change. */
export class Bell {
  readonly #waiting = new Set<() => void>();
  readonly #abortions = new Abortions();

  ring(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Has `heard` called at the next ring. Gives the way not to wait for it any more. */
  next(heard: () => void): () => void {
    this.#waiting.add(heard);
    return () => void this.#waiting.delete(heard);
  }

  /** Resolves at the next ring, or on abort. It leaves nothing behind on the signal. */
  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#waiting.add(wake);
    this.#abortions.add(signal, wake);
    await promise;
    this.#waiting.delete(wake);
    this.#abortions.remove(signal, wake);
  }
}
