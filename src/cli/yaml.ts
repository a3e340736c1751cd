/**
 * JSON values as YAML that readers of version 1.1 and of 1.2 take for the same: what one of them might
 * read as a number, a date, a truth, a merge or nothing at all is quoted. Quoted texts are written as in
 * JSON, whose strings are strings of YAML, too.
 */
import { printable } from "../shared/text.ts";

/** The text of a value that came from JSON, without the end of its last line. */
export function yamlOf(value: unknown): string {
  return linesOf(value).join("\n");
}

/** A key that is longer than a reader looks ahead for its colon (YAML 1.2.2, 7.4.2) gets a `?`. */
const LONGEST_KEY = 1_000;

function linesOf(value: unknown): string[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item) => hung("- ", linesOf(item)));
  }
  if (isMapping(value)) return Object.entries(value).flatMap(([key, at]) => entry(key, at));
  return [scalar(value)];
}

function entry(key: string, value: unknown): string[] {
  const title = scalar(key);
  const lines = linesOf(value);
  if (title.length > LONGEST_KEY) return [`? ${title}`, ...hung(": ", lines)];
  if (!isMapping(value) && !(Array.isArray(value) && value.length > 0)) {
    return [`${title}: ${lines[0]}`];
  }
  return [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

/** The mark before the first line, and as much room before the others. */
function hung(mark: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => (i === 0 ? mark : "  ") + line);
}

function isMapping(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length > 0
  );
}

function scalar(value: unknown): string {
  if (typeof value === "string") return isPlain(value) ? value : quoted(value);
  // 1e+21 is a text in version 1.1, where a number with an exponent has a point.
  if (typeof value === "number") return String(value).replace(/^(-?\d+)e/, "$1.0e");
  return JSON.stringify(value) ?? "null";
}

/** A letter first, and nothing that means anything but itself. */
const PLAIN = /^\p{L}[\p{L}\p{N}_./-]*(?:[ :@+][\p{L}\p{N}_./-]+)*$/u;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** `e5` is a number for some. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null|e[\d_]+)$/i;

function isPlain(text: string): boolean {
  if (UUID.test(text)) return true;
  return PLAIN.test(text) && !RESERVED.test(text);
}

/** With escapes for what is not to be seen, or refused by readers; half surrogates are no text in YAML. */
function quoted(text: string): string {
  return printable(JSON.stringify(text.toWellFormed())).replace(
    /[\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16)}`,
  );
}
