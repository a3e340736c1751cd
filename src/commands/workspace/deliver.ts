/** Having the platform take a task that it takes only once, under its key. */
import type { Log } from "../../cli/log.ts";
import { PlatformError } from "../../platform/platform.ts";
import { nextDelay } from "../../shared/backoff.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { JsonObject } from "../../shared/json.ts";

/** How often the platform is asked to take the task, where it is not known whether it did. */
const TRIES = 3;

export interface Delivering {
  /** From the first try on, after which no other is begun: a wait that would end later is not begun either. */
  timeoutMs: number;
  /** Hears of each wait. */
  log: Log;
  clock?: Clock;
}

/**
 * The platform's answer to `send`, which is tried again after the pause that the platform asks for where the
 * task may have been taken. Rejects with the PlatformError of the last try.
 */
export async function deliver(
  send: () => Promise<JsonObject>,
  { timeoutMs, log, clock = systemClock }: Delivering,
): Promise<JsonObject> {
  const end = clock.monotonic() + timeoutMs;
  for (let failures = 1; ; failures++) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof PlatformError) || failures === TRIES) throw error;
      const { verdict, failure, message } = error;
      // Where nothing listens, nothing was taken, and the operator should hear of it now.
      const mayHave = failure.unknownOutcome === true || failure.status !== undefined;
      if (verdict !== "transient" || !mayHave) throw error;
      const inMs = nextDelay(failures, Math.random, failure.retryAfterMs);
      if (clock.monotonic() + inMs > end) throw error;
      log.warn(`${message}; trying again in ${formatDuration(inMs)}`);
      await clock.sleep(inMs);
    }
  }
}
