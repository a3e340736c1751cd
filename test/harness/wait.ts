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

/**
 * For what nobody rings a bell for, such as another process's state or a folder that goes: resolves once
 * the condition holds, which is looked at again and again; rejects after a limit that is far beyond any
 * slow machine.
 */
export async function lookUntil(
  condition: () => boolean | Promise<boolean>,
  failure: () => string = () => "gave up looking",
  limitMs = 20_000,
): Promise<void> {
  for (const end = performance.now() + limitMs; !(await condition()); await Bun.sleep(5)) {
    if (performance.now() >= end) throw new Error(failure());
  }
}
