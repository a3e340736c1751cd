/** Where endpoints write activity rows: at once, or as late as a slow transaction would. */
import type { Clock } from "../shared/clock.ts";
import type { Activities, NewActivity } from "./activity-store.ts";

/** Rows that readers see later than their time says (contract 2.3, "committed late"). */
export interface LateCommits {
  /** The part of the rows that is late, 0 to 1. */
  share: number;
  /** The longest delay in milliseconds; {@link LONGEST_DELAY_MS} at most. */
  maxMs: number;
  /** 0 to 1 without 1, like Math.random: asked whether a row is late, then how late. */
  random(): number;
}

/** However long a delay is asked for: senders wait for it. */
export const LONGEST_DELAY_MS = 5_000;

export class Feed {
  readonly #activities: Activities;
  readonly #clock: Clock;
  readonly #late: LateCommits | undefined;
  readonly #onAdded: (row: NewActivity, seq: number) => void;
  readonly #stop = new AbortController();
  /** The rows under way, and of those with a message id, which one it is. */
  readonly #pending = new Map<Promise<void>, string | undefined>();

  /** `onAdded` hears of each row when readers can see it. */
  constructor(
    activities: Activities,
    clock: Clock,
    late: LateCommits | undefined,
    onAdded: (row: NewActivity, seq: number) => void,
  ) {
    this.#activities = activities;
    this.#clock = clock;
    this.#late = late;
    this.#onAdded = onAdded;
  }

  /**
   * Writes a row and resolves when readers can see it. A late one has the time and the seq of the
   * call, so that others, with later ones, may be seen before it. A second row of a message that is
   * under way waits for the first, as it would at a unique index.
   */
  async add(entry: NewActivity): Promise<void> {
    const message = entry.message_id && `${entry.workspace_id} ${entry.message_id}`;
    for (const [first, other] of this.#pending) {
      if (message !== undefined && other === message) await first.catch(() => {});
    }
    await this.#write([entry], message);
  }

  /** Writes rows as one transaction: they share an instant (T21), and readers see all or none. */
  addTogether(entries: readonly NewActivity[]): Promise<void> {
    return this.#write(entries, undefined);
  }

  /** Has all that is late written at once, from now on; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending.keys());
  }

  async #write(entries: readonly NewActivity[], message: string | undefined): Promise<void> {
    const rows = this.#activities;
    const delay = this.#delay();
    if (delay === undefined) {
      const seqs = rows.together(() => entries.map((entry) => rows.add(entry)));
      return this.#tell(entries, seqs);
    }
    const commits = rows.together(() => entries.map((entry) => rows.begin(entry)));
    const pending = this.#clock.sleep(delay, this.#stop.signal).then(() => {
      const seqs = rows.together(() => commits.map((commit) => commit()));
      this.#tell(entries, seqs);
    });
    this.#pending.set(pending, message);
    try {
      await pending;
    } finally {
      this.#pending.delete(pending);
    }
  }

  #tell(entries: readonly NewActivity[], seqs: readonly (number | undefined)[]): void {
    for (const [n, entry] of entries.entries()) {
      const seq = seqs[n];
      if (seq !== undefined) this.#onAdded(entry, seq);
    }
  }

  #delay(): number | undefined {
    const late = this.#late;
    if (late === undefined || late.random() >= late.share) return undefined;
    return late.random() * Math.min(late.maxMs, LONGEST_DELAY_MS);
  }
}
