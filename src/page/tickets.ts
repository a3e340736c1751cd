/** Tickets: each lets one visitor in, once, soon after it was made. */
import { randomToken } from "../dev/token-store.ts";
import type { Clock } from "../shared/clock.ts";
import { isSameSecret } from "../shared/same-secret.ts";

const GOOD_MS = 60_000;

/** More are not good at once: the oldest goes. */
const MAX_TICKETS = 16;

export class Tickets {
  readonly #clock: Clock;
  #open: { ticket: string; until: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(): string {
    const ticket = randomToken();
    this.#open.push({ ticket, until: this.#clock.monotonic() + GOOD_MS });
    this.#open = this.#open.slice(-MAX_TICKETS);
    return ticket;
  }

  /** Whether it is good; it is not a second time. */
  use(text: string): boolean {
    const now = this.#clock.monotonic();
    const open = this.#open.filter(({ until }) => until > now);
    this.#open = open.filter(({ ticket }) => !isSameSecret(ticket, text));
    return this.#open.length < open.length;
  }
}
