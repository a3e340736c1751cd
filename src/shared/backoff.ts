/** How long to wait before the next try: the retry rule for every loop of the program. */

export const BACKOFF_BASE_MS = 500;
export const BACKOFF_CAP_MS = 60_000;

/** A platform that says "come back in a year", or "in 0 seconds", is obeyed between these. */
export const RETRY_AFTER_MIN_MS = 1_000;
export const RETRY_AFTER_MAX_MS = 600_000;

/**
 * Full jitter: anything from 0 to `base * 2^(failures-1)`, at most `cap`, in milliseconds.
 * `failures` counts from 1; `random` gives [0, 1). Rule: AWS Architecture Blog,
 * "Exponential Backoff And Jitter".
 */
export function fullJitter(
  failures: number,
  random: () => number,
  baseMs: number = BACKOFF_BASE_MS,
  capMs: number = BACKOFF_CAP_MS,
): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30));
  return random() * ceiling;
}

/**
 * The wait before the next try, in milliseconds: what the server asked for, if anything, as a
 * floor, with the jitter on top of it.
 */
export function nextDelay(
  failures: number,
  random: () => number,
  retryAfterMs?: number | undefined,
): number {
  const jitter = fullJitter(failures, random);
  if (retryAfterMs === undefined) return jitter;
  const asked = Math.min(Math.max(retryAfterMs, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);
  return Math.min(asked + Math.min(jitter, asked / 10), RETRY_AFTER_MAX_MS);
}

/**
 * A `Retry-After` value in milliseconds: whole seconds or an HTTP date (RFC 9110, 10.2.3).
 * `undefined` for anything else. Not clamped: {@link nextDelay} does that.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  const text = value.trim();
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000;
  // Date.parse alone would take "soon, 5" for a day in 2001.
  if (!/^[A-Za-z]{3}, \d\d [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
