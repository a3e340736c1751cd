/**
 * Listeners on signals that live for months: one on each signal, however many wait for it. Adding and
 * removing one of many on the signal itself takes time in proportion to their number.
 */
export class Abortions {
  readonly #waiting = new Map<AbortSignal, { all: Set<() => void>; tell(): void }>();

  /** Calls `listener` when the signal aborts, unless it is removed before; at once if it has. */
  add(signal: AbortSignal, listener: () => void): void {
    if (signal.aborted) return listener();
    let entry = this.#waiting.get(signal);
    if (entry === undefined) {
      const all = new Set<() => void>();
      const tell = () => {
        this.#waiting.delete(signal);
        for (const one of all) one();
      };
      entry = { all, tell };
      this.#waiting.set(signal, entry);
      signal.addEventListener("abort", tell, { once: true });
    }
    entry.all.add(listener);
  }

  remove(signal: AbortSignal, listener: () => void): void {
    const entry = this.#waiting.get(signal);
    if (entry === undefined || !entry.all.delete(listener) || entry.all.size > 0) return;
    this.#waiting.delete(signal);
    signal.removeEventListener("abort", entry.tell);
  }
}

/** Resolves when the signal aborts; at once if it has. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

/** Resolves when the promise does, or the signal aborts; rejects as the promise does. */
export async function unlessAborted(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return promise;
  const stopped = Promise.withResolvers<void>();
  const stop = () => stopped.resolve();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.race([promise, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
