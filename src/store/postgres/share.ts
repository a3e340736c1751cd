/** How the workspaces of a list are spread over the processes that share it. */
import type { Clock } from "../../shared/clock.ts";
import type { Lease } from "./lease.ts";

/** One workspace in this time is given to another process, so that they come to rest. */
const HAND_OVER_MS = 2_000;

/**
 * How many of the workspaces this process should serve: all, where it has no limit; otherwise its part of
 * them by the limits of all that have one, and never more than its own. Parts are rounded up, so that none
 * is left over for want of a rounding.
 */
export function shareOf(
  workspaces: number,
  capacity: number | undefined,
  othersCapacity: number,
): number {
  if (capacity === undefined) return workspaces;
  return Math.min(capacity, Math.ceil((workspaces * capacity) / (capacity + othersCapacity)));
}

/** That of this process. */
export class Share {
  readonly #capacity: number | undefined;
  readonly #clock: Pick<Clock, "monotonic">;
  /** What the others of the list can serve, of those that have a limit. */
  othersCapacity = 0;
  /** How many others serve something. */
  othersServing = 0;
  /** When a workspace was last given to another. */
  #askedAt = -Infinity;

  constructor(capacity: number | undefined, clock: Pick<Clock, "monotonic">) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  /** How many more it should serve; less than 0 where it serves too many. */
  room(held: number, waiting: number): number {
    return shareOf(held + waiting, this.#capacity, this.othersCapacity) - held;
  }

  /** What is more than our share goes to others, the newest first, one at a time. */
  shed(held: ReadonlyMap<string, Lease>, waiting: number): void {
    if (this.othersCapacity === 0 || this.room(held.size, waiting) >= 0) return;
    if (this.#clock.monotonic() - this.#askedAt < HAND_OVER_MS) return;
    const lease = [...held.values()].findLast(({ handOver }) => !handOver.aborted);
    if (lease === undefined) return;
    this.#askedAt = this.#clock.monotonic();
    lease.askBack();
  }
}
