/**
 * Stands over the loops: each says by when it will be heard of again, and one that is silent past
 * that ends the run, instead of idling online and deaf. It also notices that the machine slept, and
 * that the platform has been out of reach for too long.
 */
import { whenAborted } from "../shared/abortions.ts";
import { formatDuration } from "../shared/duration.ts";
import type { Clock } from "../shared/clock.ts";
import { ExitCode, MoleculeError } from "../shared/errors.ts";
import { tickOf } from "../shared/tick.ts";
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

  /** A loop that has not been heard of by when it said; undefined where all were. */
  overdue(): string | undefined {
    const now = this.#clock.monotonic();
    for (const [loop, due] of this.#due) if (now > due) return loop;
    return undefined;
  }

  /** Runs until the signal aborts; rejects when a loop hangs or the platform is gone for too long. */
  async run(
    options: { maxOfflineMs: number | undefined; emit: Emit; onWake(): void },
    signal: AbortSignal,
  ): Promise<void> {
    const { promise: over, resolve, reject } = Promise.withResolvers<void>();
    let wall = this.#clock.now();
    let running = this.#clock.monotonic();
    const leave = tickOf(this.#clock).listen(() => {
      const ran = this.#clock.monotonic() - running;
      const slept = Math.max(this.#clock.now() - wall - ran, ran - TICK_MS);
      wall = this.#clock.now();
      running = this.#clock.monotonic();
      try {
        if (slept > SLEPT_MS) {
          options.emit({ type: "woke", asleepMs: slept });
          this.#postpone(ran);
          options.onWake();
        } else this.#check(options.maxOfflineMs);
      } catch (error) {
        reject(error);
      }
    });
    void whenAborted(signal).then(resolve);
    await over.finally(leave);
  }

  /** While the process stood still (SIGSTOP, a paused container) no loop could keep its word. */
  #postpone(ms: number): void {
    for (const [loop, due] of this.#due) this.#due.set(loop, due + ms);
    this.#contact += ms;
  }

  #check(maxOfflineMs: number | undefined): void {
    const now = this.#clock.monotonic();
    const hung = this.overdue();
    if (hung !== undefined) {
      throw new MoleculeError(`the ${hung} loop has hung; ending, so that a restart can mend it`, {
        hint: "Please report this with the log that led to it.",
      });
    }
    if (maxOfflineMs !== undefined && now - this.#contact > maxOfflineMs) {
      throw new MoleculeError(
        `the platform has not answered for ${formatDuration(now - this.#contact)}, longer than --max-offline allows`,
        { exitCode: ExitCode.unreachable },
      );
    }
  }
}
