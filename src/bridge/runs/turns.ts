/** How many runs a peer may cause in an hour: two agents that answer each other cost money (T4). */
import type { Clock } from "../../shared/clock.ts";
import type { Journal } from "../../store/store.ts";
import { senderName, type Emit } from "../events.ts";
import type { Keeper } from "../keeper.ts";
import type { Naps } from "../naps.ts";

const HOUR_MS = 3_600_000;

export interface TurnsParts {
  journal: Pick<Journal, "runsSince">;
  keeper: Pick<Keeper, "do">;
  clock: Clock;
  naps: Naps;
  emit: Emit;
}

export class Turns {
  readonly #parts: TurnsParts;
  readonly #limit: number;
  readonly #once: boolean;

  /** `limit` runs an hour for each peer; 0 for no limit. With `once` nobody waits for the hour. */
  constructor(parts: TurnsParts, limit: number, once = false) {
    this.#once = once;
    this.#parts = parts;
    this.#limit = limit;
  }

  /**
   * Resolves with true once the lane may run again; with false where it may not and nobody waits for
   * it: the signal aborts, or the run is to end. The canvas is a person: no limit.
   */
  async wait(lane: string, signal: AbortSignal): Promise<boolean> {
    if (this.#limit === 0 || lane === "") return !signal.aborted;
    const { journal, keeper, clock, naps, emit } = this.#parts;
    for (let told = false; !signal.aborted; told = true) {
      const now = clock.now();
      const runs = await keeper.do(() => journal.runsSince(lane, now - HOUR_MS));
      // A clock that was set back leaves runs in the future: of them nothing can be said.
      const oldest = runs.filter((at) => at <= now).at(-this.#limit);
      if (oldest === undefined) return true;
      const inMs = Math.max(oldest + HOUR_MS - now, 1);
      if (!told) emit({ type: "turn-limit", from: senderName(lane), limit: this.#limit, inMs });
      if (this.#once) return false;
      await naps.nap(inMs, signal);
    }
    return false;
  }
}
