/** What workspaces are called, looked up once each. */
import { type Clock, LATE, systemClock, within } from "../../shared/clock.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";

/** So many are looked up; a feed with more peers shows the ids of the rest. */
const MOST_LOOKUPS = 50;
/** How long names may be waited for in all, in milliseconds: a slow platform holds no log up. */
const PATIENCE_MS = 5_000;
const LONGEST_NAME = 24;
/** What tells one id from another on a screen. */
const SHORT_ID = 8;

export class Names {
  readonly #lookUp: (id: string) => Promise<JsonObject>;
  readonly #clock: Clock;
  readonly #known = new Map<string, string>();
  readonly #asked = new Map<string, Promise<unknown>>();
  #leftMs = PATIENCE_MS;

  /** `lookUp` gives the workspace's row; one that fails leaves the id in the name's place. */
  constructor(lookUp: (id: string) => Promise<JsonObject>, clock: Clock = systemClock) {
    this.#lookUp = lookUp;
    this.#clock = clock;
  }

  /** One printable word or two: the id where the name did not come in time. Never rejects. */
  async of(id: string): Promise<string> {
    const key = id.toLowerCase();
    const short = oneLine(id, LONGEST_NAME).slice(0, SHORT_ID);
    const asked = this.#asked.get(key) ?? this.#ask(key, short);
    if (!this.#known.has(key) && asked !== undefined && this.#leftMs > 0) {
      const began = this.#clock.monotonic();
      const end = await within(this.#clock, this.#leftMs, asked);
      this.#leftMs = end === LATE ? 0 : this.#leftMs - (this.#clock.monotonic() - began);
    }
    // A name that was too late for one line is there for those after it.
    return this.#known.get(key) ?? short;
  }

  #ask(key: string, short: string): Promise<unknown> | undefined {
    if (this.#asked.size >= MOST_LOOKUPS || this.#leftMs <= 0) return undefined;
    const looking = this.#lookUp(key).then(
      (row) => this.#known.set(key, oneLine(getString(row, "name") ?? short, LONGEST_NAME)),
      () => this.#known.set(key, short),
    );
    this.#asked.set(key, looking);
    return looking;
  }
}
