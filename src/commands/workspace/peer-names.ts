/** What workspaces are called, looked up once each. */
import { getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";

/** So many are looked up; a feed with more peers shows the ids of the rest. */
const MOST_LOOKUPS = 50;
const LONGEST_NAME = 24;
/** What tells one id from another on a screen. */
const SHORT_ID = 8;

export class Names {
  readonly #lookUp: (id: string) => Promise<JsonObject>;
  readonly #known = new Map<string, Promise<string>>();

  /** `lookUp` gives the workspace's row; one that fails leaves the id in the name's place. */
  constructor(lookUp: (id: string) => Promise<JsonObject>) {
    this.#lookUp = lookUp;
  }

  /** One printable word or two. Never rejects. */
  of(id: string): Promise<string> {
    const key = id.toLowerCase();
    const short = oneLine(id, LONGEST_NAME).slice(0, SHORT_ID);
    let name = this.#known.get(key);
    if (name === undefined) {
      if (this.#known.size >= MOST_LOOKUPS) return Promise.resolve(short);
      name = this.#lookUp(key).then(
        (row) => oneLine(getString(row, "name") ?? short, LONGEST_NAME),
        () => short,
      );
      this.#known.set(key, name);
    }
    return name;
  }
}
