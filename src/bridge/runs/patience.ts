/**
 * Tries that do not count: what the backend or the platform asks for patience with is no fault of the
 * message.
 */
import { fullJitter, RETRY_AFTER_MAX_MS } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Verdict } from "./verdict.ts";

/** Deaths of the process in the middle of its run after which a message is not run any more. */
export const MOST_CRASHES = 5;

const RETRY_BASE_MS = 2_000;
/** Who asks for patience is left alone for longer. */
const PATIENT_BASE_MS = 5_000;
const PATIENT_CAP_MS = 5 * 60_000;

/** How long tries at an overloaded backend do not count, from the first. */
const PATIENCE_MS = 30 * 60_000;

const LONG_MS = 60_000;

/**
 * How long a message waits for its next try, in ms: jitter on top of what was asked for. `attempt` is
 * the number of tries of the same kind, counted or not, from 1.
 */
export function retryDelay(
  { counted, retryAfterMs = 0 }: Pick<Verdict & { kind: "again" }, "counted" | "retryAfterMs">,
  attempt: number,
  random: () => number,
): number {
  const jitter = counted
    ? fullJitter(attempt, random, RETRY_BASE_MS)
    : fullJitter(attempt, random, PATIENT_BASE_MS, PATIENT_CAP_MS);
  return Math.min(retryAfterMs, RETRY_AFTER_MAX_MS) + jitter;
}

interface Tries {
  count: number;
  /** When the backend was overloaded first, monotonic. */
  since: number | undefined;
  /** When the first try was made that did not count, monotonic. */
  waitingSince: number | undefined;
}

/** One entry for each lane whose head had to wait, until that has come to its end. */
export class Patience {
  readonly #clock: Clock;
  readonly #tries = new Map<string, Tries>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a try of this message at an overloaded backend does not count: the first begins the time. */
  lasts(id: string): boolean {
    const tries = this.#of(id);
    tries.since ??= this.#clock.monotonic();
    return this.#clock.monotonic() - tries.since < PATIENCE_MS;
  }

  /** Whether it has waited so long, with tries that don't count, that its asker should hear of it. */
  isLong(id: string): boolean {
    const since = this.#tries.get(id)?.waitingSince;
    return since !== undefined && this.#clock.monotonic() - since >= LONG_MS;
  }

  /** One more try that does not count; gives how many there were. */
  next(id: string): number {
    const tries = this.#of(id);
    tries.count += 1;
    tries.waitingSince ??= this.#clock.monotonic();
    return tries.count;
  }

  /** The message has come to its end. */
  forget(id: string): void {
    this.#tries.delete(id);
  }

  #of(id: string): Tries {
    const found = this.#tries.get(id) ?? { count: 0, since: undefined, waitingSince: undefined };
    this.#tries.set(id, found);
    return found;
  }
}
