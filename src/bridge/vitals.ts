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
  #current: { task: string } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started = clock.monotonic();
  }

  /** A run begins; `task` is shown on the canvas while it lasts. */
  begin(task: string): void {
    this.#current = { task };
  }

  /** The run in hand ended; `error` is what went wrong, undefined when nothing did. */
  end(error?: string): void {
    this.#current = undefined;
    this.#ends = this.#recent();
    this.#ends.push({ at: this.#clock.monotonic(), error });
  }

  /** Nothing came of it that says how well the agent works: bad input, or we stopped it. */
  drop(): void {
    this.#current = undefined;
  }

  get running(): number {
    return this.#current === undefined ? 0 : 1;
  }

  /** All fields, each time: what is left out is stored as zero (contract 2.2, T16). */
  report(): Omit<HeartbeatRequest, "workspace_id"> {
    const ends = this.#recent();
    const failed = ends.filter((end) => end.error !== undefined);
    return {
      error_rate: ends.length === 0 ? 0 : failed.length / ends.length,
      sample_error: clip(failed.at(-1)?.error ?? "", 300),
      active_tasks: this.running,
      uptime_seconds: Math.floor((this.#clock.monotonic() - this.#started) / 1000),
      current_task: this.#current?.task ?? "",
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
