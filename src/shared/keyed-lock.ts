/** What ends the wait for a turn: when `signal` aborts before the work has begun, `value` is given. */
export interface GiveUp<T> {
  signal: AbortSignal;
  value: T;
}

/** One at a time for each key, in the order in which they ask. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs `work` once all earlier ones under this key have ended, however they did. With `giveUp` it may
   * not run at all; those that wait behind it wait on for those ahead.
   */
  async run<T>(key: string, work: () => Promise<T>, giveUp?: GiveUp<NoInfer<T>>): Promise<T> {
    const turn = this.#last.get(key) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, promise);
    const leave = () => {
      if (this.#last.get(key) === promise) this.#last.delete(key);
      resolve();
    };
    if (giveUp === undefined) await turn;
    else if (!(await comes(turn, giveUp.signal))) {
      void turn.then(leave);
      return giveUp.value;
    }
    try {
      return await work();
    } finally {
      leave();
    }
  }
}

/** Whether the turn comes before the signal aborts. */
async function comes(turn: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const stopped = Promise.withResolvers<void>();
  const stop = () => stopped.resolve();
  signal.addEventListener("abort", stop, { once: true });
  if (!signal.aborted) await Promise.race([turn, stopped.promise]);
  signal.removeEventListener("abort", stop);
  return !signal.aborted;
}
