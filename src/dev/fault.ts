/** One fault on demand: what it does, to which requests, and for how long. */

/**
 * - `"400"` to `"599"`: that status and a JSON error in place of the answer;
 * - `delay`: the true answer, later;
 * - `html`: 200 and a web page, as of a proxy or the web UI (T32);
 * - `empty`: 404 without a body, as of a tenant's guard (T8);
 * - `cut`: the request is carried out, and the connection ends in the middle of the answer;
 * - `drop`: the connection ends, and the request is not looked at;
 * - `lost`: the request is carried out, and the connection ends without an answer.
 */
export const NAMED_KINDS = ["delay", "html", "empty", "cut", "drop", "lost"] as const;

export interface FaultSpec {
  kind: string;
  /** The share of the requests that it strikes, 0 to 1. */
  rate: number;
  for_ms: number;
  /** Which requests it strikes follows from this and their order alone. */
  seed: number;
  /** Only requests whose path holds this; "" is all. */
  path: string;
  /** Of a `delay`; of all others 0. */
  delay_ms: number;
  /** Seconds, in the header of an error; null is no header. */
  retry_after: number | null;
}

export class Fault {
  readonly id = crypto.randomUUID();
  readonly spec: FaultSpec;
  /** Monotonic. */
  readonly #endsAt: number;
  readonly #random: () => number;
  #seen = 0;
  #struck = 0;

  constructor(spec: FaultSpec, nowMs: number) {
    this.spec = spec;
    this.#endsAt = nowMs + spec.for_ms;
    this.#random = randomOf(spec.seed);
  }

  /** Whether it is over at this time. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#endsAt;
  }

  /** Counts a request, and decides whether it is one of those to be struck. */
  strikes(path: string, nowMs: number): boolean {
    if (this.isOver(nowMs) || !path.includes(this.spec.path)) return false;
    this.#seen++;
    const struck = this.#random() < this.spec.rate;
    if (struck) this.#struck++;
    return struck;
  }

  show(nowMs: number) {
    return {
      id: this.id,
      ...this.spec,
      ends_in_ms: Math.max(0, Math.round(this.#endsAt - nowMs)),
      seen: this.#seen,
      struck: this.#struck,
    };
  }
}

/** Numbers in [0, 1) that follow from the seed: mulberry32, whose 32 bits of state are plenty here. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
