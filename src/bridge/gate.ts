/**
 * Stands before the backend. It closes when only the operator can mend what is wrong, and lets one
 * run through every minute to see whether it was mended.
 */
import { Bell } from "../shared/bell.ts";
import type { Clock } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { messageOf, MoleculeError } from "../shared/errors.ts";
import type { Emit } from "./events.ts";
import type { Naps } from "./naps.ts";

const PROBE_MS = 60_000;

/** What keeps the backend from working. */
export interface Trouble {
  reason: string;
  /** What an asker may read. */
  told: string;
  hint: string;
}

export interface GateParts {
  clock: Clock;
  naps: Naps;
  emit: Emit;
  /** The backend's own check; rejects while it can't work. */
  check(): Promise<void>;
}

export class Gate {
  readonly #parts: GateParts;
  readonly #maxPausedMs: number;
  readonly #bell = new Bell();
  #trouble: Trouble | undefined;
  #closedAt = 0;
  /** A run may go through, to see. */
  #mayProbe = false;

  constructor(parts: GateParts, maxPausedMs: number) {
    this.#parts = parts;
    this.#maxPausedMs = maxPausedMs;
  }

  /** Why it is closed; undefined while it is open. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Takes the way through if it is open, or open for this one. */
  enter(): boolean {
    if (this.#trouble === undefined) return true;
    const probe = this.#mayProbe;
    this.#mayProbe = false;
    return probe;
  }

  /** Resolves when it may be worth entering, or on abort. */
  async wait(signal: AbortSignal): Promise<void> {
    while (this.#trouble !== undefined && !this.#mayProbe && !signal.aborted) {
      await this.#bell.wait(signal);
    }
  }

  /** A run ended otherwise: the backend works. */
  open(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#parts.emit({ type: "backend-resumed" });
    this.#bell.ring();
  }

  /** A run ended with a trouble. */
  close(trouble: Trouble): void {
    if (this.#trouble !== undefined) {
      this.#parts.emit({ type: "backend-still-paused", reason: trouble.reason });
    } else {
      this.#closedAt = this.#parts.clock.monotonic();
      const { reason, hint } = trouble;
      this.#parts.emit({ type: "backend-paused", reason, hint, forMs: this.#maxPausedMs });
    }
    this.#trouble = trouble;
    this.#bell.ring();
  }

  /** Probes while it is closed. Rejects when that has lasted too long; ends with the signal. */
  async guard(signal: AbortSignal): Promise<void> {
    const { clock, naps } = this.#parts;
    while (!signal.aborted) {
      if (this.#trouble === undefined) {
        await this.#bell.wait(signal);
        continue;
      }
      const left = this.#closedAt + this.#maxPausedMs - clock.monotonic();
      if (left <= 0) throw this.#givenUp();
      await naps.nap(Math.min(PROBE_MS, left), signal);
      if (this.#trouble !== undefined && !signal.aborted) await this.#probe();
    }
  }

  async #probe(): Promise<void> {
    try {
      await this.#parts.check();
    } catch (error) {
      this.#parts.emit({ type: "backend-still-paused", reason: messageOf(error) });
      return;
    }
    this.#mayProbe = true;
    this.#bell.ring();
  }

  #givenUp(): MoleculeError {
    const { reason, hint } = this.#trouble ?? { reason: "", hint: undefined };
    const after =
      this.#maxPausedMs === 0 ? "" : ` for ${formatDuration(this.#maxPausedMs)} (--max-paused)`;
    return new MoleculeError(`the backend can't work${after}: ${reason}`, { hint });
  }
}
