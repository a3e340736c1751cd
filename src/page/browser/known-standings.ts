/** Where messages stand, as far as it was told. */
import type { Standing } from "../wire.ts";

/** More are not kept: the oldest go first. */
const MOST = 10_000;

export class KnownStandings {
  readonly #known = new Map<string, Standing>();

  of(activityId: string): Standing | undefined {
    return this.#known.get(activityId);
  }

  /** Told as it happened: the last word. */
  tell(activityId: string, standing: Standing): void {
    this.#known.delete(activityId);
    this.#known.set(activityId, standing);
    for (const id of this.#known.keys()) {
      if (this.#known.size <= MOST) return;
      this.#known.delete(id);
    }
  }

  /** Read with a row, and so perhaps older than what was told. */
  learn(activityId: string, standing: Standing): void {
    if (!this.#known.has(activityId)) this.tell(activityId, standing);
  }

  /**
   * Changes may have been missed, and these are all that are not settled. What was is so for ever; of the
   * others nothing is known any more.
   */
  renew(unsettled: { readonly [activityId: string]: Standing }): void {
    for (const [id, { state }] of this.#known) if (state !== "settled") this.#known.delete(id);
    for (const [id, standing] of Object.entries(unsettled)) this.tell(id, standing);
  }
}
