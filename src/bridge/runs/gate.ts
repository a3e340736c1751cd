/**
 * Stands before the backend. It closes when only the operator can mend what is wrong, and lets one
 * run through every minute to see whether it was mended. Where it is known when the trouble ends by
 * itself, it is not tried before, and the time that it may last counts from then.
 */
import { Bell } from "../../shared/bell.ts";
import type { Clock } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import type { Emit } from "../events.ts";
import type { Naps } from "../naps.ts";
import type { Verdict } from "./verdict.ts";

const PROBE_MS = 60_000;

/** What keeps the backend from working. */
export interface Trouble {
  reason: string;
  /** What an asker may read. */
  told: string;
  hint: string;
  /** It ends by itself in so many milliseconds, and not before. */
  untilMs?: number | undefined;
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
  /** From when on it is tried, and from when on it lasts: monotonic milliseconds. */
  #dueAt = 0;
  #lastsFrom = 0;
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

  /** What the end of a run tells of the backend; one that did nothing, or was stopped, tells nothing. */
  heed(verdict: Verdict): void {
    if (verdict.kind === "operator") this.close(verdict);
    else if (verdict.kind !== "stopped" && verdict.kind !== "again") this.open();
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
    const { reason, hint } = trouble;
    // Who waits for nothing does not wait for this either.
    const untilMs = this.#maxPausedMs === 0 ? 0 : (trouble.untilMs ?? 0);
    const isOpen = this.#trouble === undefined;
    this.#dueAt = this.#parts.clock.monotonic() + untilMs;
    if (isOpen || untilMs > 0) this.#lastsFrom = this.#dueAt;
    if (isOpen) {
      const forMs = untilMs + this.#maxPausedMs;
      const known = untilMs > 0 ? { inMs: untilMs } : {};
      this.#parts.emit({ type: "backend-paused", reason, hint, forMs, ...known });
    } else this.#parts.emit({ type: "backend-still-paused", reason });
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
      const now = clock.monotonic();
      const left = this.#lastsFrom + this.#maxPausedMs - now;
      if (left <= 0) throw this.#givenUp();
      const early = this.#dueAt - now;
      await naps.nap(Math.min(PROBE_MS, early > 0 ? early : left), signal);
      if (this.#trouble === undefined || signal.aborted) continue;
      if (clock.monotonic() >= this.#dueAt) await this.#probe();
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
