/** Where messages stand, as far as it was told. */
import type { Standing } from "../wire.ts";

/** More are not kept: the oldest go first. */
const MOST = 10_000;

export class KnownStandings {
  readonly #known = new Map<string, { standing: Standing; since: number }>();
  /** How often all was put in doubt. */
  #doubts = 0;

  of(activityId: string): Standing | undefined {
    return this.#known.get(activityId)?.standing;
  }

  /** Told as it happened: the last word. */
  tell(activityId: string, standing: Standing): void {
    this.#known.delete(activityId);
    this.#known.set(activityId, { standing, since: this.#doubts });
    for (const id of this.#known.keys()) {
      if (this.#known.size <= MOST) return;
      this.#known.delete(id);
    }
  }

  /** Read with a row, and so perhaps older than what was told. */
  learn(activityId: string, standing: Standing): void {
    const known = this.#known.get(activityId);
    if (known === undefined || known.since < this.#doubts) this.tell(activityId, standing);
  }

  /** Changes may have been missed: what is known counts until something is learned. */
  doubt(): void {
    this.#doubts += 1;
  }
}
