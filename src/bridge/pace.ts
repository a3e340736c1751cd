/**
 * Keeps our calls within the platform's rate limit (contract 1.8), which is shared by all that speak
 * with this token: reading takes at most half of it, and answers leave the last of it to heartbeats.
 */
import type { Clock } from "../shared/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { Naps } from "./naps.ts";
import type { Watchdog } from "./watchdog.ts";

const MINUTE_MS = 60_000;
/** A platform with a slower window than a minute is asked again after this. */
const LOOK_MS = 1_000;
/** The share of the limit that answers leave alone. */
const RESERVE = 0.05;

export interface PaceParts {
  platform: Pick<Platform, "rateLimit">;
  clock: Clock;
  naps: Naps;
  watchdog: Watchdog;
}

export class Pace {
  readonly #parts: PaceParts;
  /** When the calls of the last minute were made, monotonic. */
  #calls: number[] = [];

  constructor(parts: PaceParts) {
    this.#parts = parts;
  }

  /** Resolves when a page may be fetched, or the signal aborts. */
  async beforeFetch(signal: AbortSignal): Promise<void> {
    const { platform, clock, naps, watchdog } = this.#parts;
    for (;;) {
      const now = clock.monotonic();
      this.#calls = this.#calls.filter((at) => now - at < MINUTE_MS);
      const most = Math.max(1, Math.floor((platform.rateLimit()?.limit ?? Infinity) / 2) - 10);
      const [oldest] = this.#calls;
      if (signal.aborted || oldest === undefined || this.#calls.length < most) break;
      const inMs = oldest + MINUTE_MS - now;
      watchdog.expect("intake", inMs + 2 * MINUTE_MS);
      await naps.nap(inMs, signal);
    }
    // Without a limit there is nothing to count.
    if (platform.rateLimit() !== undefined) this.#calls.push(clock.monotonic());
  }

  /** Resolves when an answer may be posted: after a minute at the latest. */
  async beforeAnswer(signal: AbortSignal): Promise<void> {
    const { platform, clock, naps } = this.#parts;
    const end = clock.monotonic() + MINUTE_MS;
    while (!signal.aborted && clock.monotonic() < end) {
      const rate = platform.rateLimit();
      if (rate === undefined || rate.remaining > rate.limit * RESERVE) return;
      await naps.nap(LOOK_MS, signal);
    }
  }
}
