/**
 * The server's clock, from the `Date` of its answers. That has whole seconds only, but each answer says
 * between which two differences the true one lies, and many together say it within milliseconds.
 */
import type { Clock } from "../shared/clock.ts";

/** How much two clocks may drift apart, of the time that goes by: a bad quartz does so. */
const DRIFT = 0.0002;

export class ServerClock {
  readonly #clock: Clock;
  /** The least and the greatest difference that agrees with all answers: theirs less ours, in ms. */
  #least = -Infinity;
  #most = Infinity;
  #notedAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An answer to what was sent at `sentAt` (our clock, ms since 1970) has come with this `Date`. */
  note(date: number, sentAt: number): void {
    const now = this.#clock.now();
    const running = this.#clock.monotonic();
    const drift = (running - this.#notedAt) * DRIFT;
    this.#notedAt = running;
    // It was made after the call was sent and before its answer came, and its second had begun by then.
    const [least, most] = [date - now, date + 1_000 - Math.min(sentAt, now)];
    this.#least = Math.max(this.#least - drift, least);
    this.#most = Math.min(this.#most + drift, most);
    // One of the clocks was set.
    if (this.#least > this.#most) [this.#least, this.#most] = [least, most];
  }

  /** Theirs less ours, in ms; 0 where they may well be the same, and before any answer. */
  get skewMs(): number {
    if (this.#least <= 0 && this.#most >= 0) return 0;
    return (this.#least + this.#most) / 2;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#clock.now() + this.skewMs;
  }
}
