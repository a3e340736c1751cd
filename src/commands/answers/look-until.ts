/** Looking at the platform again and again for something that comes in its own time. */
import type { Log } from "../../cli/log.ts";
import { PlatformError } from "../../platform/platform.ts";
import { nextDelay } from "../../shared/backoff.ts";
import { type Clock, LATE, systemClock, within } from "../../shared/clock.ts";
import type { Woken } from "./woken.ts";

/** How long, how often, and who is told of trouble. */
export interface Looking {
  timeoutMs: number;
  /** Between two looks: together well under the platform's limit of 600 calls a minute. */
  pauseMs: number;
  log: Log;
  /** Asks for looks before their time. */
  woken?: Pick<Woken, "ready" | "pause"> | undefined;
  clock?: Clock;
}

/**
 * What `look` finds; undefined once the time is up, also in the middle of a look, whose signal aborts then.
 * Transient failures are told at their beginning and tried again, after the pause that the platform asks
 * for, which nothing cuts short; any other is thrown.
 */
export async function lookUntil<T>(
  { timeoutMs, pauseMs, log, woken, clock = systemClock }: Looking,
  look: (signal: AbortSignal) => Promise<T | undefined>,
): Promise<T | undefined> {
  const end = clock.monotonic() + timeoutMs;
  const late = new AbortController();
  await woken?.ready(timeoutMs);
  for (let failures = 0; clock.monotonic() < end;) {
    let waitMs: number | undefined;
    try {
      // A look takes the time of the machine, whoever's clock the pauses are taken from.
      const found = await within(systemClock, end - clock.monotonic(), look(late.signal));
      if (found === LATE) {
        late.abort();
        return undefined;
      }
      if (found !== undefined) return found;
      failures = 0;
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "transient") throw error;
      failures += 1;
      if (failures === 1) log.warn(`${error.message}; trying again`);
      waitMs = nextDelay(failures, Math.random, error.failure.retryAfterMs);
    }
    const leftMs = Math.max(0, end - clock.monotonic());
    const ms = Math.min(waitMs ?? pauseMs, leftMs);
    if (waitMs === undefined && woken !== undefined) await woken.pause(ms);
    else await clock.sleep(ms);
  }
  return undefined;
}
