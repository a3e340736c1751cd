/**
 * What the bridges of this process may call together: those whose calls the platform counts as one
 * (contract 1.8: by organisation where one is named, else by token) share one of these. Reading and
 * presence take at most half of the limit; the rest is for answers, and for whoever else speaks there.
 */
import type { Clock } from "../shared/clock.ts";

const MINUTE_MS = 60_000;
/** The share of the limit that heartbeats may take before they come more seldom. */
const BEATS = 0.4;
/** Two thirds of the 90 s after which a silent workspace goes stale (contract 7): more seldom is never. */
const LONGEST_BEAT_MS = 60_000;
/** For what nobody plans: a registration, a beat more. */
const SLACK_CALLS = 6;
/** What heartbeats and these have at the least. */
const LEAST_RESERVE = 10;
/** Looks that only the time speaks for leave a fifth of the reading to those that something speaks for. */
const UNASKED = 1.25;

export class Allowance {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #processes: () => number;
  /** When the reading calls of the last minute were made, monotonic. */
  #calls: number[] = [];
  /** The heartbeats that each member means to make in a minute. */
  readonly #members = new Map<object, number>();
  #limit: number | undefined;

  /** `processes`: how many share the limit, with this one; each has an even part. */
  constructor(clock: Pick<Clock, "monotonic">, processes: () => number = () => 1) {
    this.#clock = clock;
    this.#processes = processes;
  }

  /** A bridge that shares it, and how often it means to beat; gives the way to leave. */
  join(heartbeatMs: number): () => void {
    const member = {};
    this.#members.set(member, MINUTE_MS / heartbeatMs);
    return () => void this.#members.delete(member);
  }

  /** What the platform said last of the limit, in calls a minute. */
  learn(limit: number | undefined): void {
    this.#limit = limit === undefined ? undefined : limit / Math.max(1, this.#processes());
  }

  /** Milliseconds until a page may be fetched; 0 for now. */
  wait(): number {
    this.#forget();
    const over = this.#calls.length - this.#most;
    const call = over < 0 ? undefined : this.#calls[over];
    return call === undefined ? 0 : call + MINUTE_MS - this.#clock.monotonic();
  }

  /** Whether a call may be made that nobody waits for: half of what reading may take is free. */
  get hasSpare(): boolean {
    this.#forget();
    return this.#calls.length < this.#most / 2;
  }

  /** A call was made that is no regular heartbeat. */
  count(): void {
    // Without a limit there is nothing to count.
    if (this.#limit !== undefined) this.#calls.push(this.#clock.monotonic());
  }

  /** The least pause, in ms, between two looks of one member that nothing speaks for but the time. */
  get idleMs(): number {
    const members = Math.max(1, this.#members.size);
    return this.#limit === undefined ? 0 : (members * MINUTE_MS * UNASKED) / this.#most;
  }

  /** How often one who means to beat every `ms` may, in ms: more seldom where there are very many. */
  beatMs(ms: number): number {
    if (this.#limit === undefined) return ms;
    const crowded = this.#beats / (this.#limit * BEATS);
    return crowded <= 1 ? ms : Math.max(ms, Math.min(ms * crowded, LONGEST_BEAT_MS));
  }

  /** Reading calls in a minute; at least one. */
  get #most(): number {
    if (this.#limit === undefined) return Infinity;
    const beats = Math.min(this.#beats, this.#limit * BEATS);
    const reserve = Math.max(LEAST_RESERVE, beats + SLACK_CALLS);
    return Math.max(1, Math.floor(this.#limit / 2 - reserve));
  }

  get #beats(): number {
    let beats = 0;
    for (const each of this.#members.values()) beats += each;
    return beats;
  }

  #forget(): void {
    const now = this.#clock.monotonic();
    const kept = this.#calls.findIndex((at) => now - at < MINUTE_MS);
    if (kept !== 0) this.#calls = kept === -1 ? [] : this.#calls.slice(kept);
  }
}
