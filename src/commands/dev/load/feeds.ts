/** Watches the feeds in which the answers to a load appear, until it is told that it is enough. */
import type { Row } from "../../../a2a/feed-row.ts";
import { PlatformError, type Platform } from "../../../platform/platform.ts";
import { nextDelay } from "../../../shared/backoff.ts";
import type { Clock } from "../../../shared/clock.ts";
import { passes } from "./sending.ts";
import { Tail } from "./tail.ts";

/** A feed, and who takes its rows. */
export interface Watched {
  feed: Pick<Platform, "activity">;
  take: (row: Row) => void;
}

export interface Watching {
  clock: Clock;
  /** For the pauses after a failure. */
  random: () => number;
  /** Hears of each failure. */
  onFailure: (error: PlatformError) => void;
}

/** Between two looks: with one at what is late they take 230 of the 600 calls a minute of the platform's limit. */
const LOOK_MS = 300;
/** How often rows are looked for that appear late. */
const BACK_MS = 2_000;
/** So many failures in a row that no waiting mends are no accident. */
const MOST_FAILURES = 10;

export class Feeds {
  readonly #watching: Watching;
  readonly #tails: { tail: Tail; take: (row: Row) => void }[];

  constructor(watched: readonly Watched[], watching: Watching) {
    this.#watching = watching;
    this.#tails = watched.map(({ feed, take }) => ({ tail: new Tail(feed), take }));
  }

  /** Resolves when the place of each is known after which its answers come. */
  async begin(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#tails.map(({ tail }) => this.#patiently(() => tail.begin({ signal }), signal)),
    );
  }

  /** Reads them until the signal aborts. Rejects for a feed that can't be read any more. */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#tails.map((one) => this.#follow(one, signal)));
  }

  /** Reads each once more, also what came late. */
  async lookBack(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#tails.map(({ tail, take }) =>
        this.#patiently(() => tail.read(take, true, { signal }), signal),
      ),
    );
  }

  async #follow(
    { tail, take }: { tail: Tail; take: (row: Row) => void },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#watching;
    let backAt = clock.monotonic() + BACK_MS;
    while (!signal.aborted) {
      const back = clock.monotonic() >= backAt;
      if (back) backAt = clock.monotonic() + BACK_MS;
      await this.#patiently(() => tail.read(take, back, { signal }), signal);
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** Does it again, with growing pauses, as long as it fails. */
  async #patiently(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, random, onFailure } = this.#watching;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof PlatformError)) throw error;
        if (!passes(error) && failures >= MOST_FAILURES) throw error;
        onFailure(error);
        await clock.sleep(nextDelay(failures, random, error.failure.retryAfterMs), signal);
      }
    }
  }
}
