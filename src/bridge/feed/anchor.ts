/**
 * From which row reading must start again. Rows can become visible late, behind others that were
 * made after them, so what was read in the last two seconds is read once more.
 */
import type { Clock } from "../../shared/clock.ts";
import { formatTimestamp, parseTimestamp } from "../../shared/timestamp.ts";
import type { Place } from "../../store/store.ts";

/** How late a row may become visible. */
const LATE_MS = 2_000;
const LATE_NS = 2_000_000_000n;
/** By the server's clock, which may not be the one that stamps the rows: with more room. */
const SERVER_LATE_NS = 60_000_000_000n;
/** A row that is stamped further ahead of the server's clock was stamped by a clock gone wrong. */
const AHEAD_NS = 86_400_000_000_000n;

interface Candidate extends Place {
  ns: bigint;
  /** When we first saw it, monotonic. */
  seenAt: number;
}

export class Anchor {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #serverNow: () => number;
  #place: Place | undefined;
  #taken: string | undefined;
  #candidates: Candidate[] = [];
  /** The newest row's time so far, and as it was when the sweep began. */
  #newest = 0n;
  #sweep: { at: number; newest: bigint; serverNs: bigint } | undefined;

  constructor(clock: Pick<Clock, "monotonic">, serverNow: () => number, start: Place | undefined) {
    this.#clock = clock;
    this.#serverNow = serverNow;
    this.#place = start;
  }

  /** The newest row from which nothing that comes late is missed. */
  get place(): Place | undefined {
    return this.#place;
  }

  /** The same, where it has moved since it was taken last. */
  take(): Place | undefined {
    if (this.#place?.id === this.#taken) return undefined;
    this.#taken = this.#place?.id;
    return this.#place;
  }

  forget(): void {
    this.#place = undefined;
    this.#candidates = [];
    this.#sweep = undefined;
  }

  /** Reading begins at {@link place}, and goes on to the end of the feed. */
  begin(): void {
    this.#sweep ??= {
      at: this.#clock.monotonic(),
      newest: this.#newest,
      serverNs: this.#serverNs(),
    };
  }

  /** Whether reading may ever go on from a row of this time: nothing else may come before it. */
  isCredible(ns: bigint): boolean {
    return ns <= (this.#sweep?.serverNs ?? this.#serverNs()) + AHEAD_NS;
  }

  /**
   * Whether a row of this time was made after the sweep began, by the server's clock. One that is
   * far ahead is stamped by another clock, of which nothing can be said.
   */
  isAfterSweep(ns: bigint | undefined): boolean {
    const began = this.#sweep?.serverNs;
    if (began === undefined || ns === undefined) return false;
    return ns > began && ns <= began + SERVER_LATE_NS;
  }

  /** Everything up to this row was read. A row seen before the sweep is settled in its place. */
  reached(id: string, ns: bigint): void {
    if (!this.isCredible(ns)) return;
    if (ns > this.#newest) this.#newest = ns;
    if (!this.#candidates.some((candidate) => candidate.id === id)) {
      this.#candidates.push({ id, ns, at: formatTimestamp(ns), seenAt: this.#clock.monotonic() });
    }
    const stable = this.#candidates.findLastIndex((candidate) => this.#isStable(candidate));
    if (stable < 0) return;
    const found = this.#candidates[stable];
    this.#candidates.splice(0, stable);
    if (found === undefined) return;
    // Never backwards: late rows among the read ones are older than what was reached before.
    const before = parseTimestamp(this.#place?.at);
    if (before === undefined || found.ns >= before) this.#place = { id: found.id, at: found.at };
  }

  /** The end of the feed was reached: the next reading is a new sweep. */
  finish(): void {
    this.#sweep = undefined;
  }

  #serverNs(): bigint {
    return BigInt(Math.floor(this.#serverNow())) * 1_000_000n;
  }

  #isStable({ ns, seenAt }: Candidate): boolean {
    const sweep = this.#sweep;
    if (sweep === undefined) return false;
    return (
      seenAt <= sweep.at - LATE_MS ||
      ns <= sweep.newest - LATE_NS ||
      ns <= sweep.serverNs - SERVER_LATE_NS
    );
  }
}
