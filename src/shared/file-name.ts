/** Names of files that strangers chose, made fit for a folder of ours. */
import { clipBytes } from "./text.ts";

/** Most file systems take 255; this leaves room for what makes a name distinct or temporary. */
const MAX_BYTES = 150;
const MAX_EXTENSION_BYTES = 20;
/** Of a longer name only its beginning and its end are looked at. */
const HEAD_CHARS = 800;
const TAIL_CHARS = 200;

/** Controls, the marks that reorder a line, and what Windows allows in no name. */
const UNFIT =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069<>:"|?*]/g;

/** Devices of Windows, whatever their extension, and whatever spaces stand before it. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)\s*(?:\.|$)/i;

const DOT_OR_SPACE = /[.\s]/;

/**
 * The last segment of the name or address as a file name: without controls, leading dots and what
 * Windows forbids, and at most 150 bytes long with its extension kept. Where nothing is left, `file`.
 * A name that it gave stays as it is. Takes time in proportion to the length.
 */
export function safeFileName(name: string): string {
  const last = cut(name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1));
  // Windows drops dots and spaces at the end, so that two names would be one.
  const clean = trimmed(last.toWellFormed().normalize("NFC").replace(UNFIT, "_"));
  if (clean === "") return "file";
  const short = fitted(clean);
  return DEVICE.test(short) ? fitted(`_${short}`) : short;
}

/** Safe names of which no two are one file, also where upper and lower case are the same. */
export function distinctFileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  /** Where to go on counting, so that a thousand files of one name are not a million tries. */
  const counts = new Map<string, number>();
  return names.map((name) => {
    const safe = safeFileName(name);
    const key = safe.toLowerCase();
    let distinct = safe;
    let n = counts.get(key) ?? 2;
    for (; taken.has(distinct.toLowerCase()); n++) distinct = numbered(safe, n);
    counts.set(key, n);
    taken.add(distinct.toLowerCase());
    return distinct;
  });
}

function cut(name: string): string {
  if (name.length <= HEAD_CHARS + TAIL_CHARS) return name;
  return name.slice(0, HEAD_CHARS) + name.slice(-TAIL_CHARS);
}

/** Without dots and white space at either end. */
function trimmed(text: string): string {
  let from = 0;
  while (from < text.length && DOT_OR_SPACE.test(text.charAt(from))) from++;
  return trimmedEnd(text.slice(from));
}

function trimmedEnd(text: string): string {
  let to = text.length;
  while (to > 0 && DOT_OR_SPACE.test(text.charAt(to - 1))) to--;
  return text.slice(0, to);
}

function fitted(name: string): string {
  const [stem, extension] = split(name);
  const short = clipBytes(stem, MAX_BYTES - Buffer.byteLength(extension));
  return extension === "" ? trimmedEnd(short) : `${short}${extension}`;
}

function numbered(safe: string, n: number): string {
  const [stem, extension] = split(safe);
  const ending = `-${n}${extension}`;
  return `${clipBytes(stem, MAX_BYTES - Buffer.byteLength(ending))}${ending}`;
}

function split(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot) : "";
  if (Buffer.byteLength(extension) > MAX_EXTENSION_BYTES) return [name, ""];
  return [dot > 0 ? name.slice(0, dot) : name, extension];
}
