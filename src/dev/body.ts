/** Request bodies: read within a limit, and read field by field as a typed decoder would. */
import { asObject, tryParseJson, type JsonObject } from "../shared/json.ts";
import { refuse } from "./answers.ts";

/** More than this is refused wherever the contract says nothing else (2.4.2, revision 2). */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * The bytes of a stream as text, or undefined when there are more than `max`. The rest is read and
 * dropped: a sender whose connection is closed in mid-sentence sees a reset instead of the answer.
 */
export async function readText(
  stream: AsyncIterable<Uint8Array> | null,
  max: number,
): Promise<string | undefined> {
  const { text, whole } = await readStart(stream, max);
  return whole ? text : undefined;
}

/** A request's body as text; 413 above the limit, or cut there without a word (T28). */
export async function readBody(
  request: Request,
  { maxBytes, cuts } = { maxBytes: MAX_BODY_BYTES, cuts: false },
): Promise<string> {
  const { text, whole } = await readStart(request.body, maxBytes);
  if (whole || cuts) return text;
  return refuse(413, "request body too large", { truncated: true, max_bytes: maxBytes });
}

/**
 * The bytes of a request's body as they come; 413 once there are more than `max`, or as soon as it
 * says so, after the rest is read and dropped. 400 where the sender breaks off.
 */
export async function* boundedBody(request: Request, max: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  let tooLarge = Number(request.headers.get("content-length") ?? 0) > max;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.length;
      tooLarge ||= size > max;
      if (!tooLarge) yield chunk;
    }
  } catch {
    refuse(400, "the request's body was cut off");
  }
  if (tooLarge) refuse(413, "request body too large", { truncated: true, max_bytes: max });
}

/** Reads the rest and drops it: who is still sending sees a reset in place of an answer. */
export async function drain(body: AsyncGenerator<Uint8Array>): Promise<void> {
  try {
    while (!(await body.next()).done);
  } catch {
    // There is no rest.
  }
}

/** The first `max` bytes as text, and whether that is all. */
async function readStart(stream: AsyncIterable<Uint8Array> | null, max: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    if (size < max) chunks.push(chunk.subarray(0, max - size));
    size += chunk.length;
  }
  return { text: Buffer.concat(chunks).toString("utf8"), whole: size <= max };
}

/** Text as a JSON object; undefined for anything else, absurd nesting included. */
export function toObject(text: string): JsonObject | undefined {
  return asObject(tryParseJson(text));
}

/**
 * The fields of a JSON body. A missing or null field is undefined; a field of another type than
 * asked for is a 400, as it is on a server with typed structs.
 */
export class Fields {
  readonly #object: JsonObject;
  readonly #problem: string;

  constructor(object: JsonObject, problem = "invalid request body") {
    this.#object = object;
    this.#problem = problem;
  }

  /** The request's JSON object; 400 `problem` where it is none. */
  static async of(request: Request, problem = "invalid request body"): Promise<Fields> {
    const object = toObject(await readBody(request));
    return object === undefined ? refuse(400, problem) : new Fields(object, problem);
  }

  /** The same where a request may come without a body: then it has no fields. */
  static async orNone(request: Request): Promise<Fields> {
    const text = await readBody(request);
    const object = text.trim() === "" ? {} : toObject(text);
    return object === undefined ? refuse(400, "invalid request body") : new Fields(object);
  }

  /** Whether the field is there, be it null. */
  has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  any(key: string): unknown {
    const value = Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
    return value === null ? undefined : value;
  }

  string(key: string): string | undefined {
    const value = this.any(key);
    return value === undefined || typeof value === "string" ? value : this.#refuse();
  }

  /** A text of at most `max` characters; undefined when absent or empty. */
  limited(key: string, max: number): string | undefined {
    const text = this.string(key);
    if (text !== undefined && text.length > max) {
      refuse(400, `${key} is longer than ${max} characters`);
    }
    return text === "" ? undefined : text;
  }

  number(key: string): number | undefined {
    const value = this.any(key);
    return value === undefined || typeof value === "number" ? value : this.#refuse();
  }

  integer(key: string): number | undefined {
    const value = this.number(key);
    return value === undefined || Number.isSafeInteger(value) ? value : this.#refuse();
  }

  boolean(key: string): boolean | undefined {
    const value = this.any(key);
    return value === undefined || typeof value === "boolean" ? value : this.#refuse();
  }

  array(key: string): unknown[] | undefined {
    const value = this.any(key);
    return value === undefined || Array.isArray(value) ? value : this.#refuse();
  }

  object(key: string): JsonObject | undefined {
    const value = this.any(key);
    return value === undefined ? undefined : (asObject(value) ?? this.#refuse());
  }

  #refuse(): never {
    return refuse(400, this.#problem);
  }
}
