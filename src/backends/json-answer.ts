/** What an operator's program may answer with instead of plain text: one JSON object. */
import { asObject, get, getString, type JsonObject, parseJson } from "../shared/json.ts";
import { oneLine } from "../shared/text.ts";
import type { AnswerFile } from "./backend.ts";

/** The object, read. What is null, an empty text or left out is not there. */
export interface JsonAnswer {
  text: string | undefined;
  /** As the program named them: whether they may go with the answer is yet to be seen. */
  files: AnswerFile[];
  /** It chose to say nothing: true, or why. */
  declined: string | true | undefined;
  /** What went wrong, for the operator. */
  error: string | undefined;
  retryAfterMs: number | undefined;
}

export type JsonReading =
  | { kind: "answer"; answer: JsonAnswer }
  /** One object with these keys, and a value that is not as it must be; `why` names it. */
  | { kind: "wrong"; why: string }
  /** Anything else: the text is the answer itself. */
  | { kind: "plain" };

/**
 * Reads what a program printed, or a server sent. It is an answer in JSON where all of it is one object
 * and that object has no other keys than these, so that a program whose answers happen to be JSON can
 * say what it likes; but an `error` without a `text` is none of them, whatever else is there (see
 * {@link readJsonError}). Never throws.
 */
export function readJsonAnswer(output: string): JsonReading {
  const object = objectIn(output);
  if (object === undefined) return { kind: "plain" };
  if (!Object.keys(object).every((key) => KEYS.has(key))) {
    const answer = errorIn(object);
    return answer === undefined ? { kind: "plain" } : { kind: "answer", answer };
  }
  try {
    return { kind: "answer", answer: readObject(object) };
  } catch (error) {
    if (error instanceof WrongValue) return { kind: "wrong", why: error.message };
    throw error;
  }
}

/**
 * What went wrong, where all of the output is one object that tells of an error and has no text: as web
 * frameworks write it (`{"error":{"message"},"status"}`), which was never meant for the asker.
 * Undefined where it is anything else. Never throws.
 */
export function readJsonError(output: string): JsonAnswer | undefined {
  const object = objectIn(output);
  return object === undefined ? undefined : errorIn(object);
}

const KEYS: ReadonlySet<string> = new Set([
  "text",
  "files",
  "declined",
  "error",
  "retry_after_secs",
]);

function objectIn(output: string): JsonObject | undefined {
  const text = output.trim();
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  try {
    return asObject(parseJson(text));
  } catch {
    return undefined;
  }
}

function errorIn(object: JsonObject): JsonAnswer | undefined {
  const error = given(object, "error");
  if (given(object, "text") !== undefined || isNone(error)) return undefined;
  const seconds = given(object, "retry_after_secs");
  return {
    text: undefined,
    files: [],
    declined: undefined,
    error: typeof error === "string" ? error : wordsOf(error, object),
    retryAfterMs: isWait(seconds) ? Math.round(seconds * 1000) : undefined,
  };
}

/** Also how "no error" is written: false, the number 0, and what is empty. */
function isNone(error: unknown): boolean {
  if (typeof error === "object" && error !== null) return Object.keys(error).length === 0;
  return error === undefined || error === false || error === 0;
}

function wordsOf(error: unknown, object: JsonObject): string {
  const words =
    getString(error, "message") ?? getString(object, "message") ?? getString(object, "detail");
  if (words !== undefined) return words;
  try {
    return JSON.stringify(error);
  } catch {
    // Nested too deeply to be written.
    return "no explanation";
  }
}

function isWait(seconds: unknown): seconds is number {
  return typeof seconds === "number" && seconds >= 0;
}

function readObject(object: JsonObject): JsonAnswer {
  const declined = given(object, "declined");
  const seconds = given(object, "retry_after_secs");
  if (seconds !== undefined && !isWait(seconds)) {
    throw new WrongValue("retry_after_secs must be a number of seconds", seconds);
  }
  return {
    text: textAt(object, "text"),
    files: filesAt(object),
    declined:
      typeof declined === "boolean"
        ? declined || undefined
        : textAt(object, "declined", "text or true"),
    error: getString(get(object, "error"), "message") ?? textAt(object, "error"),
    retryAfterMs: seconds === undefined ? undefined : Math.round(seconds * 1000),
  };
}

class WrongValue extends Error {
  constructor(rule: string, found: unknown) {
    super(`${rule}, and is ${nameOf(found)}`);
  }
}

/** The kind of a value, and no more: what it holds may be secret. */
function nameOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return "text";
  return typeof value === "number" ? (value < 0 ? "a number below zero" : "a number") : `${value}`;
}

/** Programs write out what they do not use, as null or as an empty text. */
function given(object: JsonObject, key: string): unknown {
  const value = get(object, key);
  return value === null || (typeof value === "string" && value.trim() === "") ? undefined : value;
}

function textAt(object: JsonObject, key: string, what = "text"): string | undefined {
  const value = given(object, key);
  if (value === undefined || typeof value === "string") return value;
  throw new WrongValue(`${key} must be ${what}`, value);
}

function filesAt(object: JsonObject): AnswerFile[] {
  const list = given(object, "files") ?? [];
  if (!Array.isArray(list)) throw new WrongValue("files must be a list", list);
  return list.map((entry, at) => fileAt(entry, `files[${at}]`));
}

function fileAt(entry: unknown, where: string): AnswerFile {
  const object = asObject(entry);
  if (object === undefined) throw new WrongValue(`${where} must be an object`, entry);
  const text = (key: string) => {
    const value = given(object, key);
    if (value === undefined || typeof value === "string") return value;
    throw new WrongValue(`${where}.${key} must be text`, value);
  };
  const path = text("path");
  if (path === undefined) throw new WrongValue(`${where}.path must be text`, path);
  const name = text("name");
  return {
    path,
    name: name === undefined ? undefined : oneLine(name, NAME_MAX),
    mimeType: text("mime_type"),
  };
}

const NAME_MAX = 200;
