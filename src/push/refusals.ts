/** Requests that are refused, told without letting a stranger fill the log. */
import type { Emit } from "../bridge/events.ts";
import type { Clock } from "../shared/clock.ts";
import { Throttle } from "../shared/throttle.ts";

const MINUTE_MS = 60_000;
/** Reasons that are remembered; a backend may have many words for its trouble. */
const MOST_REASONS = 100;

export class Refusals {
  readonly #emit: Emit;
  readonly #told: Throttle;

  constructor({ clock, emit }: { clock: Clock; emit: Emit }) {
    this.#emit = emit;
    this.#told = new Throttle(clock, MINUTE_MS, MOST_REASONS);
  }

  /** One more. `reason` is one of ours, never a sender's words. */
  note(status: number, reason: string): void {
    const count = this.#told.due(reason);
    if (count !== undefined) this.#emit({ type: "push-refused", count, status, reason });
  }
}
