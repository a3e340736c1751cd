/** Which workspaces of a process the platform counts as one: their calls share an {@link Allowance}. */
import { Allowance } from "../bridge/allowance.ts";
import type { Clock } from "../shared/clock.ts";

/** Who calls, as far as the platform's limit is concerned (contract 1.8). */
export interface Caller {
  readonly orgId: string | undefined;
  /** Undefined where it has none yet. */
  readonly token: string | undefined;
}

export class Allowances {
  readonly #clock: Clock;
  readonly #processes: () => number;
  readonly #known = new Map<string, Allowance>();

  /** Of one platform. `processes`: how many share an organisation's, with this one. */
  constructor(clock: Clock, processes: () => number = () => 1) {
    this.#clock = clock;
    this.#processes = processes;
  }

  /** That of the organisation where one is named, else of the token, else of all who have none. */
  of({ orgId, token }: Caller): Allowance {
    const key = JSON.stringify(orgId === undefined ? ["token", token] : ["org", orgId]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    // A token is used by the one process that has its workspace.
    const made = new Allowance(this.#clock, orgId === undefined ? undefined : this.#processes);
    this.#known.set(key, made);
    return made;
  }
}
