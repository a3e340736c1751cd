/** Work that goes on after its request is answered. The platform's stop waits for it. */
export class Errands {
  readonly #running = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;

  /** `onError` hears of what an errand throws. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  run(errand: () => Promise<void>): void {
    const running = errand()
      .catch(this.#onError)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when none is running. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
