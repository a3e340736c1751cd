/** Requests that are refused, told without letting a stranger fill the log. */
import type { Emit } from "../bridge/events.ts";
import type { Clock } from "../shared/clock.ts";

const MINUTE_MS = 60_000;
/** Reasons that are remembered; a backend may have many words for its trouble. */
const MOST_REASONS = 100;

export class Refusals {
  readonly #parts: { clock: Clock; emit: Emit };
  readonly #told = new Map<string, { at: number; since: number }>();

  constructor(parts: { clock: Clock; emit: Emit }) {
    this.#parts = parts;
  }

  /** One more. `reason` is one of ours, never a sender's words. */
  note(status: number, reason: string): void {
    const now = this.#parts.clock.monotonic();
    const before = this.#told.get(reason);
    if (before !== undefined && now - before.at < MINUTE_MS) {
      before.since += 1;
      return;
    }
    if (this.#told.size >= MOST_REASONS) this.#told.clear();
    this.#told.set(reason, { at: now, since: 0 });
    this.#parts.emit({ type: "push-refused", count: 1 + (before?.since ?? 0), status, reason });
  }
}
