/**
 * Keeps our calls within the platform's rate limit (contract 1.8): reading, and what nobody waits for,
 * as the {@link Allowance} of all who share the limit has it; answers leave the last of it to heartbeats.
 */
import type { Clock } from "../shared/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { Allowance } from "./allowance.ts";
import type { Naps } from "./naps.ts";
import type { Watchdog } from "./watchdog.ts";

const MINUTE_MS = 60_000;
/** A platform with a slower window than a minute is asked again after this. */
const LOOK_MS = 1_000;
/** The share of the limit that answers leave alone. */
const RESERVE = 0.05;

export interface PaceParts {
  platform: Pick<Platform, "rateLimit">;
  allowance: Allowance;
  clock: Clock;
  naps: Naps;
  watchdog: Watchdog;
}

export class Pace {
  readonly #parts: PaceParts;

  constructor(parts: PaceParts) {
    this.#parts = parts;
  }

  /** Resolves when a page may be fetched, or the signal aborts. */
  async beforeFetch(signal: AbortSignal): Promise<void> {
    const { naps, watchdog } = this.#parts;
    for (;;) {
      const allowance = this.#allowance;
      const inMs = allowance.wait();
      if (signal.aborted || inMs <= 0) return allowance.count();
      watchdog.expect("intake", inMs + 2 * MINUTE_MS);
      await naps.nap(inMs, signal);
    }
  }

  /** Whether a call may be made that nobody waits for (a heartbeat more, a peer's name). It counts as made. */
  spare(): boolean {
    const allowance = this.#allowance;
    if (!allowance.hasSpare) return false;
    allowance.count();
    return true;
  }

  /** The least pause between two looks that nothing speaks for but the time, in ms. */
  get idleMs(): number {
    return this.#allowance.idleMs;
  }

  /** How often we may beat who mean to every `ms`, in ms. */
  beatMs(ms: number): number {
    return this.#allowance.beatMs(ms);
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

  /** With what the platform says of its limit now. */
  get #allowance(): Allowance {
    const { allowance, platform } = this.#parts;
    allowance.learn(platform.rateLimit()?.limit);
    return allowance;
  }
}
