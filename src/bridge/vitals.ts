/** What the heartbeat reports of this bridge: work in hand, how long it is up, how often it fails. */
import type { HeartbeatRequest } from "../contract/types.ts";
import type { Clock } from "../shared/clock.ts";
import { clip } from "../shared/text.ts";

/** The error rate is that of this long. */
const WINDOW_MS = 5 * 60_000;

export class Vitals {
  readonly #clock: Clock;
  readonly #started: number;
  #ends: { at: number; error: string | undefined }[] = [];
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
    this.#ends = this.#recent();
    this.#ends.push({ at: this.#clock.monotonic(), error });
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
    const failed = ends.filter((end) => end.error !== undefined);
    const trouble = this.trouble();
    const [task = ""] = this.#running.values();
    return {
      error_rate: trouble !== undefined ? 1 : ends.length === 0 ? 0 : failed.length / ends.length,
      sample_error: clip(trouble ?? failed.at(-1)?.error ?? "", 300),
      active_tasks: this.running,
      uptime_seconds: Math.floor((this.#clock.monotonic() - this.#started) / 1000),
      current_task: this.running > 1 ? `${task}, and ${this.running - 1} more` : task,
      monthly_spend: 0,
      // Anything but "" keeps a degraded workspace degraded for ever (T15).
      runtime_state: "",
    };
  }

  #recent() {
    const now = this.#clock.monotonic();
    return this.#ends.filter((end) => now - end.at <= WINDOW_MS);
  }
}
