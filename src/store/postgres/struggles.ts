/** Commits that do not come through although the database answers: a full disk, a line too slow for them. */
import type { Clock } from "../../shared/clock.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { type Contact, reasonOf, type StoreEvent } from "./contact.ts";

/** So many failures are no passing cloud: by then some seconds are over. */
const FAILURES = 5;

/** Told of once, however many workspaces struggle. */
export class Struggles {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #contact: Pick<Contact, "isAway">;
  readonly #tell: (event: StoreEvent) => void;
  readonly #struggling = new Set<object>();
  #since: number | undefined;

  constructor(
    clock: Pick<Clock, "monotonic">,
    contact: Pick<Contact, "isAway">,
    tell: (event: StoreEvent) => void,
  ) {
    this.#clock = clock;
    this.#contact = contact;
    this.#tell = tell;
  }

  /** What `who` tries has failed so many times. */
  failed(who: object, failures: number, error: unknown): void {
    if (failures < FAILURES) return;
    this.#struggling.add(who);
    // That it is away altogether is told already.
    if (this.#since !== undefined || this.#contact.isAway) return;
    this.#since = this.#clock.monotonic();
    const hint = error instanceof MoleculeError ? error.hint : undefined;
    this.#tell({ type: "store-away", reason: reasonOf(error), hint });
  }

  /** It has come to its end, whichever. */
  over(who: object): void {
    if (!this.#struggling.delete(who) || this.#struggling.size > 0) return;
    if (this.#since === undefined) return;
    this.#tell({ type: "store-back", afterMs: this.#clock.monotonic() - this.#since });
    this.#since = undefined;
  }
}
