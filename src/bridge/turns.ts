/** How many runs a peer may cause in an hour: two agents that answer each other cost money (T4). */
import type { Clock } from "../shared/clock.ts";
import type { Journal } from "../store/store.ts";
import { senderName, type Emit } from "./events.ts";
import type { Naps } from "./naps.ts";

const HOUR_MS = 3_600_000;

export class Turns {
  readonly #parts: { journal: Pick<Journal, "runsSince">; clock: Clock; naps: Naps; emit: Emit };
  readonly #limit: number;

  /** `limit` runs an hour for each peer; 0 for no limit. */
  constructor(
    parts: { journal: Pick<Journal, "runsSince">; clock: Clock; naps: Naps; emit: Emit },
    limit: number,
  ) {
    this.#parts = parts;
    this.#limit = limit;
  }

  /** Resolves once the lane may run again, or the signal aborts. The canvas is a person: no limit. */
  async wait(lane: string, signal: AbortSignal): Promise<void> {
    if (this.#limit === 0 || lane === "") return;
    const { journal, clock, naps, emit } = this.#parts;
    for (let told = false; !signal.aborted; told = true) {
      const now = clock.now();
      const runs = await journal.runsSince(lane, now - HOUR_MS);
      const oldest = runs.at(-this.#limit);
      if (oldest === undefined) return;
      // A clock that was set back must not make it wait for years.
      const inMs = Math.min(Math.max(oldest + HOUR_MS - now, 1), HOUR_MS);
      if (!told) emit({ type: "turn-limit", from: senderName(lane), limit: this.#limit, inMs });
      await naps.nap(inMs, signal);
    }
  }
}
