/** Whether we are in touch with the database, and until when it is sure that what we hold is ours. */
import type { Clock } from "../../shared/clock.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import { StoreAway } from "./postgres-error.ts";

/** What happens to the store as a whole. */
export type StoreEvent =
  | { type: "store-away"; reason: string; hint: string | undefined }
  | { type: "store-back"; afterMs: number }
  /** It can't tell us at once of what is free: that is looked for each second. */
  | { type: "store-deaf"; reason: string };

/** So much of a lease is relied on: the rest is for clocks that run unlike, and for what is under way. */
const RELIED_ON = 0.8;

export class Contact {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #tell: (event: StoreEvent) => void;
  /** By either clock: one stands still while the machine sleeps, the other may be set. */
  #sure = { monotonic: -Infinity, wall: -Infinity };
  #since: number | undefined;
  #wasAway = false;
  #awaySince: number | undefined;

  constructor(clock: Clock, leaseMs: number, tell: (event: StoreEvent) => void) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#tell = tell;
  }

  get isSure(): boolean {
    return this.#clock.monotonic() < this.#sure.monotonic && this.#clock.now() < this.#sure.wall;
  }

  get isAway(): boolean {
    return this.#awaySince !== undefined;
  }

  /**
   * Whether others may be judged by their silence: not before the time of a lease has passed since we could
   * speak again ourselves, for they may have been cut off as we were.
   */
  get mayJudge(): boolean {
    if (this.#since === undefined) return false;
    return !this.#wasAway || this.#clock.monotonic() - this.#since >= this.#leaseMs;
  }

  /** The moment from which the lease counts, if what is sent now succeeds: pass it to {@link renewed}. */
  now(): { monotonic: number; wall: number } {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  renewed(sent: { monotonic: number; wall: number }): void {
    const ms = this.#leaseMs * RELIED_ON;
    this.#sure = { monotonic: sent.monotonic + ms, wall: sent.wall + ms };
  }

  /** A look succeeded. */
  back(): void {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    if (this.#awaySince === undefined) return;
    this.#tell({ type: "store-back", afterMs: now - this.#awaySince });
    this.#awaySince = undefined;
  }

  /** A look failed. */
  away(error: unknown): void {
    this.#since = undefined;
    this.#wasAway = true;
    if (this.#awaySince !== undefined) return;
    this.#awaySince = this.#clock.monotonic();
    const hint = error instanceof MoleculeError ? error.hint : undefined;
    this.#tell({ type: "store-away", reason: reasonOf(error), hint });
  }
}

/** Why the store can't be used, without its name. */
export function reasonOf(error: unknown): string {
  return error instanceof StoreAway ? error.reason : messageOf(error);
}
