/** One at a time for each key, in the order in which they ask. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` once all earlier ones under this key have ended, however they did. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, promise);
    try {
      await before;
      return await work();
    } finally {
      if (this.#last.get(key) === promise) this.#last.delete(key);
      resolve();
    }
  }
}
