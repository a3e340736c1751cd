/** Time as the core sees it. Tests hand in a clock that they move by hand. */
export interface Clock {
  /** Wall time in milliseconds since 1970; jumps when the machine wakes or the time is set. */
  now(): number;
  /** Milliseconds since some start; never jumps back and stands still while the machine sleeps. */
  monotonic(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout counts in a signed 32-bit number; a longer wait would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
      signal?.addEventListener("abort", end, { once: true });
    });
  },
};

/** What {@link within} gives when the time is up. */
export const LATE = Symbol("late");

/** What {@link within} gives when its signal has aborted. */
export const STOPPED = Symbol("stopped");

/**
 * The promise's end; LATE after `ms`, STOPPED where `signal` aborts before. What has come by then counts.
 * The promise goes on, and the timer does not.
 */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | typeof LATE>;
export function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | typeof LATE | typeof STOPPED>;
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  signal?: AbortSignal,
): Promise<T | typeof LATE | typeof STOPPED> {
  const done = new AbortController();
  // With a reason of its own: the default one is an error, whose stack takes longer than the timer.
  const end = () => done.abort(LATE);
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  const timer = clock.sleep(ms, done.signal).then(() => (signal?.aborted ? STOPPED : LATE));
  try {
    return await Promise.race([promise, timer]);
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}
