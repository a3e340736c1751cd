import { safeDestr } from "destr";

/** The one parser of JSON that others wrote, and the readers that look into it without throwing. */

export type JsonObject = { [key: string]: unknown };

/**
 * Parses a JSON object or array; throws a SyntaxError on anything else (bare words, HTML, text that
 * was cut off).
 *
 * destr refuses a text that holds a `__proto__` or `constructor` key anywhere. A stranger's message
 * may hold one, and must not make a whole page of the feed unreadable, so such a text is parsed
 * plainly: JSON.parse makes them ordinary own keys, and nothing here merges objects.
 */
export function parseJson(text: string): JsonObject | unknown[] {
  if (!/^\s*[[{]/.test(text)) throw new SyntaxError("not a JSON object or array");
  // What destr looks for takes it 10 ms in a page of the feed, and can't be without one of these.
  if (!SUSPECT.some((part) => text.includes(part))) {
    return JSON.parse(text) as JsonObject | unknown[];
  }
  try {
    return safeDestr<JsonObject | unknown[]>(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    return JSON.parse(text) as JsonObject | unknown[];
  }
}

/** The same; undefined where there is no text, or none that can be parsed. */
export function tryParseJson(text: string | undefined): JsonObject | unknown[] | undefined {
  try {
    return text === undefined ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
}

/** The keys that destr refuses, and the escapes in which their letters may be written. */
const SUSPECT = ["__proto__", "constructor", "\\u005", "\\u006", "\\u007"];

/** The value as an object with string keys, or undefined. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** An own property of an object; undefined for anything that is not an object or lacks it. */
export function get(value: unknown, key: string): unknown {
  const object = asObject(value);
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The own property `key` if it is a string that is not empty. */
export function getString(value: unknown, key: string): string | undefined {
  const found = get(value, key);
  return typeof found === "string" && found !== "" ? found : undefined;
}

/** The own property `key` if it is a finite number. */
export function getNumber(value: unknown, key: string): number | undefined {
  const found = get(value, key);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

/** The own property `key` if it is an array. */
export function getArray(value: unknown, key: string): unknown[] | undefined {
  const found = get(value, key);
  return Array.isArray(found) ? found : undefined;
}

/**
 * Levels that a message may be nested at most; one of honest make has a dozen. To write one of tens of
 * thousands would hold up everything, heartbeats included, for seconds each time that it is read.
 */
const MOST_LEVELS = 1_000;

/** Whether objects and arrays lie in each other more levels deep than any message means something by. */
export function isTooDeep(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}
