/** What became of each message of a load. It only counts: others send, and read the feeds. */
import { Bell } from "../../../shared/bell.ts";
import type { Planned } from "./plan.ts";

/** Where a row stands in its feed. */
export interface Place {
  /** Nanoseconds since 1970. */
  at: bigint;
  /** The platform's own order, or the order in which we read, among rows of one instant. */
  seq: number;
}

/** An answer as it counts. */
export interface Told {
  /** It is the word that there is no answer. */
  failed: boolean;
  /** Milliseconds after the start. */
  atMs: number;
  /** Its message id; a notice has none. */
  id?: string | undefined;
  /** In the asker's feed; undefined for one that came on the open request. */
  place?: Place | undefined;
}

/** A message and what is known of it. Times in milliseconds after the start. */
export interface Entry extends Planned {
  readonly id: string;
  startedMs: number | undefined;
  state: "due" | "sent" | "given up";
  /** In the agent's feed. */
  asked: Place | undefined;
  answers: Told[];
}

/** Below zero where the first place comes before the second. */
export function comparePlaces(a: Place, b: Place): number {
  return a.at === b.at ? a.seq - b.seq : a.at < b.at ? -1 : 1;
}

export class Ledger {
  readonly entries: readonly Entry[];
  /** Refused tries by their HTTP status; "none" stands for those without an answer that can be read. */
  readonly refused = new Map<string, number>();
  /** Answers to nobody's question. */
  unasked = 0;
  /** Answers that came again under the same id, which are no second answers. */
  repeated = 0;
  /** Rings when something has changed. */
  readonly bell = new Bell();
  readonly #byId = new Map<string, Entry>();
  /** Those of which nothing more is expected, with and without their answers. */
  #sentOut = 0;
  #settled = 0;

  constructor(planned: readonly Planned[], newId: () => string) {
    this.entries = planned.map((one) => {
      const entry: Entry = {
        ...one,
        id: newId(),
        startedMs: undefined,
        state: "due",
        asked: undefined,
        answers: [],
      };
      this.#byId.set(entry.id, entry);
      return entry;
    });
  }

  find(id: string | undefined): Entry | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** The message of that number, from 1. */
  at(number: number): Entry | undefined {
    return this.entries[number - 1];
  }

  /** Messages that are with the platform, or never will be. */
  get sentOut(): number {
    return this.#sentOut;
  }

  /** Messages that are answered, or never will be. */
  get settled(): number {
    return this.#settled;
  }

  refuse(status: number | undefined): void {
    const key = status === undefined ? "none" : String(status);
    this.refused.set(key, (this.refused.get(key) ?? 0) + 1);
  }

  send(entry: Entry): void {
    this.#turn(entry, "sent");
  }

  giveUp(entry: Entry): void {
    if (entry.state !== "due") return;
    if (entry.answers.length === 0) this.#settled += 1;
    this.#turn(entry, "given up");
  }

  /** It stands in the agent's feed; at the first of its places, where it was sent again. */
  ask(entry: Entry, place: Place): void {
    if (entry.asked === undefined || comparePlaces(place, entry.asked) < 0) entry.asked = place;
  }

  /** An answer says that the message was sent, whatever the sender heard. */
  answer(entry: Entry, told: Told): void {
    const isFirst = entry.answers.length === 0;
    if (told.id !== undefined && entry.answers.some(({ id }) => id === told.id)) {
      this.repeated += 1;
      return;
    }
    if (isFirst && entry.state !== "given up") this.#settled += 1;
    entry.answers.push(told);
    this.#turn(entry, "sent");
  }

  #turn(entry: Entry, state: "sent" | "given up"): void {
    if (entry.state === "due") this.#sentOut += 1;
    entry.state = state;
    this.bell.ring();
  }
}
