/**
 * Whether the event stream tells of all that comes. A platform of several servers tells on each of them
 * of its own rows alone (contract 2.11): a message that only a look by time has found says so.
 */
import type { Clock } from "../../shared/clock.ts";

/** An event may come so long after its row. */
const LATE_MS = 2_000;
/** For how long the stream is not relied on after one was missed, at first and at most. */
const FIRST_MS = 10 * 60_000;
const LONGEST_MS = 2 * 60 * 60_000;

export class Trust {
  readonly #clock: Clock;
  readonly #onMissed: (forMs: number) => void;
  /** All monotonic, in ms. */
  #toldAt = -Infinity;
  #lookedAt: number;
  #until = -Infinity;
  #forMs = FIRST_MS;

  constructor(clock: Clock, onMissed: (forMs: number) => void) {
    this.#clock = clock;
    this.#onMissed = onMissed;
    this.#lookedAt = clock.monotonic();
  }

  get holds(): boolean {
    return this.#clock.monotonic() >= this.#until;
  }

  /** An event has told of a row. */
  told(): void {
    this.#toldAt = this.#clock.monotonic();
  }

  /**
   * A look begins. What it gives is to be called with the number of messages that it found although no event
   * had asked for it, while `stream` was up.
   */
  look(): (unasked: number, stream: AbortSignal) => void {
    const since = this.#lookedAt;
    this.#lookedAt = this.#clock.monotonic();
    return (unasked, stream) => {
      if (unasked > 0 && this.holds) void this.#judge(since, stream);
    };
  }

  async #judge(since: number, stream: AbortSignal): Promise<void> {
    await this.#clock.sleep(LATE_MS, stream);
    if (stream.aborted || this.#toldAt >= since - LATE_MS || !this.holds) return;
    const now = this.#clock.monotonic();
    // One that was right for so long has missed something for a new reason.
    if (now - this.#until > LONGEST_MS) this.#forMs = FIRST_MS;
    this.#until = now + this.#forMs;
    this.#onMissed(this.#forMs);
    this.#forMs = Math.min(this.#forMs * 2, LONGEST_MS);
  }
}
