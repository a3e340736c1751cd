/** What a workspace's store holds, asked by whoever wants to know without getting in anybody's way. */
import { type Clock, LATE, within } from "../shared/clock.ts";
import type { StoreCounts } from "./status.ts";

/** How long a store may take to answer, in ms. */
const DEADLINE_MS = 500;
/** What is not older need not be asked again, in ms. */
const FRESH_MS = 500;

export class StoreGauge {
  readonly #clock: Clock;
  readonly #ask: () => Promise<StoreCounts>;
  /** One question at a time, however many want to know, and however long it hangs. */
  #asking: Promise<StoreCounts | undefined> | undefined;
  #last: { counts: StoreCounts | undefined; at: number } | undefined;

  constructor(clock: Clock, ask: () => Promise<StoreCounts>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** What it holds; undefined where it fails, is not open yet, or does not answer in time. Never rejects. */
  async read(): Promise<StoreCounts | undefined> {
    const now = this.#clock.monotonic();
    if (this.#last !== undefined && now - this.#last.at < FRESH_MS) return this.#last.counts;
    this.#asking ??= this.#askOnce().finally(() => (this.#asking = undefined));
    const counts = await within(this.#clock, DEADLINE_MS, this.#asking);
    return counts === LATE ? undefined : counts;
  }

  async #askOnce(): Promise<StoreCounts | undefined> {
    let counts: StoreCounts | undefined;
    try {
      counts = await this.#ask();
    } catch {
      // Why is told where the store is used for more than a look.
    }
    this.#last = { counts, at: this.#clock.monotonic() };
    return counts;
  }
}
