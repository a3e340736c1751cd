/**
 * Keeps our calls within the platform's rate limit (contract 1.8), which is shared by all that speak
 * with this token: reading, and what nobody waits for, take at most half of it, and answers leave the
 * last of it to heartbeats.
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
    const { clock, naps, watchdog } = this.#parts;
    for (;;) {
      this.#forget();
      const [oldest] = this.#calls;
      if (signal.aborted || oldest === undefined || this.#calls.length < this.#most) break;
      const inMs = oldest + MINUTE_MS - clock.monotonic();
      watchdog.expect("intake", inMs + 2 * MINUTE_MS);
      await naps.nap(inMs, signal);
    }
    this.#count();
  }

  /**
   * Whether a call may be made that nobody waits for (a heartbeat more, a peer's name): half of what
   * reading may take is free. It is counted as made.
   */
  spare(): boolean {
    this.#forget();
    if (this.#calls.length >= this.#most / 2) return false;
    this.#count();
    return true;
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

  /** How many calls in a minute; the regular heartbeats have the rest of the half. */
  get #most(): number {
    return Math.max(1, Math.floor((this.#parts.platform.rateLimit()?.limit ?? Infinity) / 2) - 10);
  }

  #forget(): void {
    const now = this.#parts.clock.monotonic();
    this.#calls = this.#calls.filter((at) => now - at < MINUTE_MS);
  }

  #count(): void {
    const { platform, clock } = this.#parts;
    // Without a limit there is nothing to count.
    if (platform.rateLimit() !== undefined) this.#calls.push(clock.monotonic());
  }
}
