/**
 * Stands over the loops: each says by when it will be heard of again, and one that is silent past
 * that ends the run, instead of idling online and deaf. It also notices that the machine slept, and
 * that the platform has been out of reach for too long.
 */
import { formatDuration } from "../shared/duration.ts";
import type { Clock } from "../shared/clock.ts";
import { ExitCode, MoleculeError } from "../shared/errors.ts";
import type { Emit } from "./events.ts";

const TICK_MS = 1_000;
/** Wall time that runs ahead of running time by more than this means that the machine slept. */
const SLEPT_MS = 5_000;
/** A platform that answered any call within this is not away. */
const HEARD_MS = 10 * 60_000;

export class Watchdog {
  readonly #clock: Clock;
  readonly #due = new Map<string, number>();
  #contact: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#contact = clock.monotonic();
  }

  /** The loop will be heard of again within `ms`, or has hung. */
  expect(loop: string, ms: number): void {
    this.#due.set(loop, this.#clock.monotonic() + ms);
  }

  /** The loop ended in a known way. */
  dismiss(loop: string): void {
    this.#due.delete(loop);
  }

  /** The platform answered. */
  contact(): void {
    this.#contact = this.#clock.monotonic();
  }

  /**
   * Whether the platform is not away, although a call failed: that was answered with a status, or
   * another call within the last ten minutes.
   */
  answers(status: number | undefined): boolean {
    return status !== undefined || this.#clock.monotonic() - this.#contact <= HEARD_MS;
  }

  /** Runs until the signal aborts; rejects when a loop hangs or the platform is gone for too long. */
  async run(
    options: { maxOfflineMs: number | undefined; emit: Emit; onWake(): void },
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const wall = this.#clock.now();
      const running = this.#clock.monotonic();
      await this.#clock.sleep(TICK_MS, signal);
      const ran = this.#clock.monotonic() - running;
      const slept = Math.max(this.#clock.now() - wall - ran, ran - TICK_MS);
      if (slept > SLEPT_MS) {
        options.emit({ type: "woke", asleepMs: slept });
        this.#postpone(ran);
        options.onWake();
      } else if (!signal.aborted) this.#check(options.maxOfflineMs);
    }
  }

  /** While the process stood still (SIGSTOP, a paused container) no loop could keep its word. */
  #postpone(ms: number): void {
    for (const [loop, due] of this.#due) this.#due.set(loop, due + ms);
    this.#contact += ms;
  }

  #check(maxOfflineMs: number | undefined): void {
    const now = this.#clock.monotonic();
    for (const [loop, due] of this.#due) {
      if (now > due) {
        throw new MoleculeError(
          `the ${loop} loop has hung; ending, so that a restart can mend it`,
          {
            hint: "Please report this with the log that led to it.",
          },
        );
      }
    }
    if (maxOfflineMs !== undefined && now - this.#contact > maxOfflineMs) {
      throw new MoleculeError(
        `the platform has not answered for ${formatDuration(now - this.#contact)}, longer than --max-offline allows`,
        { exitCode: ExitCode.unreachable },
      );
    }
  }
}
