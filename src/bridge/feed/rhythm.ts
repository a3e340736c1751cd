/** When the feed is looked at next, as far as no event asks for it sooner. */
import type { Clock } from "../../shared/clock.ts";
import { inStep } from "../../shared/tick.ts";
import type { Emit, LookReason } from "../events.ts";
import type { Pace } from "../pace.ts";
import type { Wake } from "../wake/wake.ts";
import type { FeedPage } from "./feed.ts";

/** How soon to look again where something was found: more often follows. */
const BUSY_MS = 250;
/**
 * And after an event: a row may be readable only a moment after it was told of, also one that is older than
 * those that were found (contract 2.3).
 */
const AFTER_EVENT_MS: readonly number[] = [BUSY_MS, 2_000];
/** The safety net below an event stream that can be relied on. */
const SAFETY_MS = 15_000;
/** A conversation goes on for so long after its last message, and is followed at the full rate. */
const LIVELY_MS = 60_000;
/** Then looks grow rarer, each by this factor, until there are so many milliseconds between them. */
const STRETCH = 1.5;
const IDLE_MS = 5_000;
/** Who has set a shorter interval than this is in a hurry, and it stays as it is. */
const HURRY_MS = 1_000;
/** The share by which a pause that is not the operator's own varies, either way: bridges part company. */
const JITTER = 0.1;
/** Events that find nothing are heeded more and more slowly, from this pause on. */
const FALSE_ALARM_MS = 10;

export interface RhythmParts {
  clock: Clock;
  random(): number;
  emit: Emit;
  pace: Pick<Pace, "idleMs">;
  wake: Pick<Wake, "isRelaxed">;
}

/** What a look was for and what it gave. */
export interface Looked extends Pick<FeedPage, "left" | "lost"> {
  why: LookReason;
  /** Rows that were not known. */
  found: number;
}

export class Rhythm {
  readonly #parts: RhythmParts;
  readonly #intervalMs: number;
  #foundAt: number;
  #stretch = 1;
  #falseAlarms = 0;
  /** Of {@link AFTER_EVENT_MS}, those that are still to come. */
  #due: readonly number[] = [];
  #toldOfLimit = false;

  constructor(parts: RhythmParts, intervalMs: number) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
    this.#foundAt = parts.clock.monotonic();
  }

  /** The pause after a look, in ms, and what the next one is for when it is over. */
  after({ why, found, left, lost }: Looked): { ms: number; why: LookReason } {
    const busy = (ms: number) => ({ ms: Math.min(ms, this.#intervalMs), why: "busy" }) as const;
    if (why === "event") this.#due = AFTER_EVENT_MS;
    if (found > 0) {
      this.#foundAt = this.#parts.clock.monotonic();
      this.#stretch = 1;
      this.#falseAlarms = 0;
    } else if (why === "event") this.#falseAlarms += 1;
    if (lost) return this.#idle();
    const [soon, ...later] = this.#due;
    this.#due = later;
    if (soon !== undefined) return busy(soon);
    if (left || (found > 0 && !this.#parts.wake.isRelaxed)) return busy(BUSY_MS);
    return this.#idle();
  }

  /** How long an event has to wait that asks for a look, in ms: not at all, unless those before were for nothing. */
  get alarmMs(): number {
    if (this.#falseAlarms < 2) return 0;
    return Math.min(this.#intervalMs, FALSE_ALARM_MS * 2 ** Math.min(this.#falseAlarms - 2, 20));
  }

  #idle(): { ms: number; why: LookReason } {
    const { clock, random, pace, wake } = this.#parts;
    let ms = this.#intervalMs;
    if (wake.isRelaxed) ms = Math.max(SAFETY_MS, ms);
    else if (ms >= HURRY_MS && clock.monotonic() - this.#foundAt > LIVELY_MS) {
      this.#stretch = Math.min(this.#stretch * STRETCH, IDLE_MS);
      ms = Math.max(ms, Math.min(ms * this.#stretch, IDLE_MS));
    }
    const leastMs = pace.idleMs;
    if (leastMs > ms) {
      ms = leastMs;
      // What is no rarer than an idle bridge's looks are is no news.
      if (leastMs > IDLE_MS) this.#tellOfLimit(leastMs);
    }
    if (ms > this.#intervalMs) {
      ms *= 1 - JITTER + 2 * JITTER * random();
      if (wake.isRelaxed) ms = inStep(clock, ms);
    }
    return { ms, why: "time" };
  }

  #tellOfLimit(idleMs: number): void {
    if (this.#toldOfLimit) return;
    this.#toldOfLimit = true;
    this.#parts.emit({ type: "rate-shared", idleMs });
  }
}
