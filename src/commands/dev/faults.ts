/** The faults of the embedded platform, over HTTP: no platform but ours has them. */
import type { HttpParts } from "../../platform/http.ts";
import { JsonCalls } from "../../platform/json-calls.ts";
import type { JsonObject } from "../../shared/json.ts";

const PATH = ["dev", "faults"];

/** All calls reject with a PlatformError and have a deadline of their own. */
export class DevFaults {
  readonly #calls: JsonCalls;

  constructor(parts: HttpParts) {
    this.#calls = new JsonCalls(parts);
  }

  /** Those that are set, and how many requests each has seen and struck. */
  list(): Promise<JsonObject[]> {
    return this.#calls.inside("faults", "listing the faults", PATH);
  }

  /** Sets one; the answer is the fault as it is. */
  set(fault: JsonObject): Promise<JsonObject> {
    return this.#calls.send("setting the fault", "POST", PATH, { body: fault });
  }

  /** Ends one, or all. */
  clear(id?: string): Promise<JsonObject> {
    const path = id === undefined ? PATH : [...PATH, id];
    return this.#calls.send("clearing the fault", "DELETE", path);
  }
}
