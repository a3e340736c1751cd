/** What the heartbeat reports of this bridge: work in hand, how long it is up, how often it fails. */
import type { HeartbeatRequest } from "../contract/types.ts";
import type { Clock } from "../shared/clock.ts";
import { clip } from "../shared/text.ts";

/** The error rate is that of this long. */
const WINDOW_MS = 5 * 60_000;
/** Runs that end within so long are counted together: a backlog ends thousands of them a second. */
const STEP_MS = 1_000;

/** The runs that ended from one instant on. */
interface Ends {
  at: number;
  count: number;
  failed: number;
  /** What went wrong with the last that failed. */
  error: string | undefined;
}

export class Vitals {
  readonly #clock: Clock;
  readonly #started: number;
  #ends: Ends[] = [];
  readonly #running = new Map<string, string>();
  /** Why the backend can't work at all, as long as that lasts. */
  trouble: () => string | undefined = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started = clock.monotonic();
  }

  /** A run begins; `task` is shown on the canvas while it lasts. */
  begin(id: string, task: string): void {
    this.#running.set(id, task);
  }

  /** The run ended; `error` is what went wrong, undefined when nothing did. */
  end(id: string, error?: string): void {
    this.#running.delete(id);
    const ends = this.#latest();
    ends.count += 1;
    if (error === undefined) return;
    ends.failed += 1;
    ends.error = error;
  }

  /** Nothing came of it that says how well the agent works: bad input, or we stopped it. */
  drop(id: string): void {
    this.#running.delete(id);
  }

  get running(): number {
    return this.#running.size;
  }

  /** All fields, each time: what is left out is stored as zero (contract 2.2, T16). */
  report(): Omit<HeartbeatRequest, "workspace_id"> {
    const ends = this.#recent();
    const count = sum(ends.map((end) => end.count));
    const failed = sum(ends.map((end) => end.failed));
    const error = ends.findLast((end) => end.error !== undefined)?.error;
    const trouble = this.trouble();
    const [task = ""] = this.#running.values();
    return {
      error_rate: trouble !== undefined ? 1 : count === 0 ? 0 : failed / count,
      sample_error: clip(trouble ?? error ?? "", 300),
      active_tasks: this.running,
      uptime_seconds: Math.floor((this.#clock.monotonic() - this.#started) / 1000),
      current_task: this.running > 1 ? `${task}, and ${this.running - 1} more` : task,
      monthly_spend: 0,
      // Anything but "" keeps a degraded workspace degraded for ever (T15).
      runtime_state: "",
    };
  }

  #latest(): Ends {
    const now = this.#clock.monotonic();
    const last = this.#ends.at(-1);
    if (last !== undefined && now - last.at < STEP_MS) return last;
    const ends: Ends = { at: now, count: 0, failed: 0, error: undefined };
    this.#ends = [...this.#recent(), ends];
    return ends;
  }

  #recent(): Ends[] {
    const now = this.#clock.monotonic();
    return this.#ends.filter((end) => now - end.at <= WINDOW_MS);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
