/** Calls whose answers are objects or lists, checked to be that and passed on as they came. */
import { asObject, getArray, isTooDeep, type JsonObject } from "../shared/json.ts";
import type { Clock } from "../shared/clock.ts";
import { RETRY_AFTER_MIN_MS } from "../shared/backoff.ts";
import { Http, type Answer, type Call, type HttpParts } from "./http.ts";
import { PlatformError, type CallOptions, type RateLimit } from "./platform.ts";

const DEADLINE_MS = 15_000;
/** A provisioning platform takes its time to make, restart or remove a workspace. */
const SLOW_MS = 60_000;
const MAX_BYTES = 8 * 1024 * 1024;
/**
 * Levels that an answer may be nested; honest ones have a dozen. Each costs the one who prints it two spaces more in
 * every line, so that a few kilobytes of brackets would become gigabytes.
 */
const MOST_LEVELS = 100;
/** Stands for what is nested deeper. The rest of the answer stays: it may hold the only copy of a token. */
const TOO_DEEP = "(nested too deeply to be shown)";

/** For how long, in milliseconds, a reading waits at most that is made once more. */
const LONGEST_PAUSE_MS = 10_000;

/** What a call that changes something may carry. */
type Sending = Pick<Call, "body" | "query" | "headers"> & { slow?: boolean };

export interface JsonCallOptions {
  /** Whether a reading that the rate limit refuses is made once more, where the pause is short. */
  again?: boolean;
}

/** `what` names the call in messages. All reject with a {@link PlatformError}, and have a deadline. */
export class JsonCalls {
  readonly #http: Http;
  readonly #clock: Clock;
  readonly #again: boolean;

  constructor(parts: HttpParts, { again = true }: JsonCallOptions = {}) {
    this.#http = new Http(parts);
    this.#clock = parts.clock;
    this.#again = again;
  }

  serverNow(): number {
    return this.#http.serverNow();
  }

  rateLimit(): RateLimit | undefined {
    return this.#http.rateLimit;
  }

  async get(what: string, path: string[], query: Call["query"] = {}): Promise<JsonObject> {
    return objectOf(what, await this.#call({ what, method: "GET", path, query }));
  }

  async list(
    what: string,
    path: string[],
    query: Call["query"] = {},
    limits: Partial<Call> = {},
    options: CallOptions = {},
  ): Promise<JsonObject[]> {
    return rowsOf(what, await this.#call({ what, method: "GET", path, query, ...limits }, options));
  }

  /** A list that stands under a key of an object. */
  async inside(
    key: string,
    what: string,
    path: string[],
    query: Call["query"] = {},
  ): Promise<JsonObject[]> {
    const body = await this.#call({ what, method: "GET", path, query });
    return rowsOf(what, getArray(body, key));
  }

  async send(
    what: string,
    method: Call["method"],
    path: string[],
    { slow = false, ...more }: Sending = {},
  ): Promise<JsonObject> {
    const deadlineMs = slow ? SLOW_MS : DEADLINE_MS;
    return objectOf(what, await this.#call({ what, method, path, deadlineMs, ...more }));
  }

  async #call(
    given: Omit<Call, "deadlineMs" | "maxBytes"> & Partial<Call>,
    options: CallOptions = {},
  ): Promise<unknown> {
    const call = { deadlineMs: DEADLINE_MS, maxBytes: MAX_BYTES, ...given };
    const again = async (error: unknown): Promise<Answer> => {
      const pause = this.#again && call.method === "GET" ? pauseOf(error) : undefined;
      if (pause === undefined) throw error;
      await this.#clock.sleep(pause, options.signal);
      return this.#http.call(call, options);
    };
    const { body } = await this.#http.call(call, options).catch(again);
    return isTooDeep(body, MOST_LEVELS) ? cut(body, MOST_LEVELS) : body;
  }
}

/** How long the rate limit has us wait, in milliseconds; undefined for all else, and where it is too long. */
function pauseOf(error: unknown): number | undefined {
  if (!(error instanceof PlatformError) || error.failure.status !== 429) return undefined;
  const { retryAfterMs } = error.failure;
  if (retryAfterMs === undefined || retryAfterMs > LONGEST_PAUSE_MS) return undefined;
  return Math.max(retryAfterMs, RETRY_AFTER_MIN_MS);
}

/** A copy without what lies deeper than so many levels. */
function cut(value: unknown, levels: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((inner) => cut(inner, levels - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, cut(inner, levels - 1)]),
  );
}

function objectOf(what: string, body: unknown): JsonObject {
  return asObject(body) ?? strange(what, "an object");
}

/** What is no object in a list is no row. */
function rowsOf(what: string, body: unknown): JsonObject[] {
  if (!Array.isArray(body)) return strange(what, "a list");
  return body.map(asObject).filter((row) => row !== undefined);
}

function strange(what: string, wanted: string): never {
  throw new PlatformError(`${what}: the platform's answer is not ${wanted}`, {
    verdict: "transient",
    hint: "Check --api-url; or something in between is answering in the platform's place.",
  });
}
