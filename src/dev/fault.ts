/** One fault on demand: what it does, to which requests, and for how long. */
import { seededRandom } from "../shared/random.ts";

export interface FaultSpec {
  /** A status from `"400"` to `"599"`, in place of the answer; or one of FAULT_KINDS. */
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
    this.#random = seededRandom(spec.seed);
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
