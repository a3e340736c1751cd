/** Waiting for conditions, never for time: whoever changes the state calls {@link Bell.ring}. */
export class Bell {
  #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves once `condition` holds; rejects after a limit that is far beyond any slow machine. */
  async until(condition: () => boolean, what = "the condition", limitMs = 20_000): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`gave up waiting for ${what}`)), limitMs);
    try {
      while (!condition()) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#waiting.add(resolve);
        await Promise.race([promise, late.promise]);
        this.#waiting.delete(resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
