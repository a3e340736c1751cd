/** Text from strangers, made fit for one line of a log. */

/** C0 and C1 controls, line and paragraph separators, and the marks that reorder a line. */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * One printable line of at most `max` characters: control characters and terminal sequences are
 * shown as escapes (or a space for white space), so that a message can't forge a line or colour it.
 */
export function oneLine(text: string, max = 200): string {
  // Cut first, so that a 16 MiB message costs no more than its first line.
  const head = text.slice(0, max * 2);
  const clean = head
    .replace(/[\t\n\r]+/g, " ")
    .replace(UNPRINTABLE, escaped)
    .trim();
  return clip(clean, max, text.length > head.length);
}

/**
 * The text with its lines kept and every other control character shown as an escape. Inside the
 * strings of JSON, and the quoted ones of YAML, the escapes stand for the same characters.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => (c === "\n" ? c : escaped(c)));
}

/** At most `max` characters, with an ellipsis where something was cut; never half a surrogate. */
export function clip(text: string, max: number, cutBefore = false): string {
  if (text.length <= max && !cutBefore) return text;
  const end = Math.min(text.length, max - 1);
  const last = text.charCodeAt(end - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end)}…`;
}

/**
 * The text as a database of Unicode text can keep it: without NUL and without half surrogates, which
 * the platform would accept and then fail to store.
 */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}

/** At most `max` bytes of UTF-8, cut between characters. */
export function clipBytes(text: string, max: number): string {
  if (text.length * 3 <= max) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= max) return text;
  let end = max;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, end));
}

function escaped(c: string): string {
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
