/** Waiting for an agent: with a limit, and no longer than we are asked to. */
import { type Clock, LATE } from "../../shared/clock.ts";

/** What {@link patiently} gives when the signal aborted. */
export const STOPPED = Symbol("stopped");

/** The promise's end; LATE after `ms`, STOPPED when `signal` aborts first. The promise goes on. */
export async function patiently<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  signal?: AbortSignal,
): Promise<T | typeof LATE | typeof STOPPED> {
  if (signal?.aborted) return STOPPED;
  const wake = new AbortController();
  const stop = () => wake.abort(STOPPED);
  signal?.addEventListener("abort", stop, { once: true });
  const timer = clock.sleep(ms, wake.signal).then(() => (signal?.aborted ? STOPPED : LATE));
  try {
    return await Promise.race([promise, timer]);
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}
