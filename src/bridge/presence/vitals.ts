/** What the heartbeat reports of this bridge: work in hand, how long it is up, how often it fails. */
import type { HeartbeatRequest } from "../../contract/types.ts";
import { Bell } from "../../shared/bell.ts";
import type { Clock } from "../../shared/clock.ts";
import { clip, oneLine } from "../../shared/text.ts";

/** The error rate is that of this long. */
const WINDOW_MS = 5 * 60_000;
/** Runs that end within so long are counted together: a backlog ends thousands of them a second. */
const STEP_MS = 1_000;
/** What the canvas' card has room for. */
const TASK_CHARACTERS = 120;

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
  readonly #showsTask: boolean;
  #ends: Ends[] = [];
  readonly #running = new Map<string, { what: string; task: string }>();
  /** The task of the last report. */
  #reported = "";
  /** Rings when the task is another than that of the last report. */
  readonly changed = new Bell();
  /** Why the backend can't work at all, as long as that lasts. */
  trouble: () => string | undefined = () => undefined;
  /** What this month's runs cost, in cents; 0 where that is not known. */
  spentCents: () => number = () => 0;

  /** Without `showsTask` nobody is told what is worked on (`--progress off`). */
  constructor(clock: Clock, showsTask = true) {
    this.#clock = clock;
    this.#started = clock.monotonic();
    this.#showsTask = showsTask;
  }

  /** A run begins; `what` is shown on the canvas while it lasts. */
  begin(id: string, what: string): void {
    this.#running.set(id, { what, task: oneLine(what, TASK_CHARACTERS) });
    this.#moved();
  }

  /** What the run is doing now, in its backend's words: shown behind what it is. */
  task(id: string, text: string): void {
    const run = this.#running.get(id);
    if (run === undefined) return;
    run.task = oneLine(`${run.what}: ${text}`, TASK_CHARACTERS);
    this.#moved();
  }

  /** The run ended; `error` is what went wrong, undefined when nothing did. */
  end(id: string, error?: string): void {
    this.drop(id);
    const ends = this.#latest();
    ends.count += 1;
    if (error === undefined) return;
    ends.failed += 1;
    ends.error = error;
  }

  /** Nothing came of it that says how well the agent works: bad input, or we stopped it. */
  drop(id: string): void {
    this.#running.delete(id);
    this.#moved();
  }

  get running(): number {
    return this.#running.size;
  }

  /** Whether the task is another than that of the last report. */
  get isStale(): boolean {
    return this.#task() !== this.#reported;
  }

  /** All fields, each time: what is left out is stored as zero (contract 2.2, T16). */
  report(): Omit<HeartbeatRequest, "workspace_id"> {
    const ends = this.#recent();
    const count = sum(ends.map((end) => end.count));
    const failed = sum(ends.map((end) => end.failed));
    const error = ends.findLast((end) => end.error !== undefined)?.error;
    const trouble = this.trouble();
    this.#reported = this.#task();
    return {
      error_rate: trouble !== undefined ? 1 : count === 0 ? 0 : failed / count,
      sample_error: clip(trouble ?? error ?? "", 300),
      active_tasks: this.running,
      uptime_seconds: Math.floor((this.#clock.monotonic() - this.#started) / 1000),
      current_task: this.#reported,
      // 0 leaves what the platform has.
      monthly_spend: this.spentCents(),
      // Anything but "" keeps a degraded workspace degraded for ever (T15).
      runtime_state: "",
    };
  }

  #task(): string {
    const [first] = this.#running.values();
    if (first === undefined || !this.#showsTask) return "";
    return this.running > 1 ? `${first.task}, and ${this.running - 1} more` : first.task;
  }

  #moved(): void {
    if (this.isStale) this.changed.ring();
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
