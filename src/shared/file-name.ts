/** Names of files that strangers chose, made fit for a folder of ours. */
import { clipBytes } from "./text.ts";

/** Most file systems take 255; this leaves room for what makes a name distinct or temporary. */
const MAX_BYTES = 150;
const MAX_EXTENSION_BYTES = 20;

/** Controls, the marks that reorder a line, and what Windows allows in no name. */
const UNFIT =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069<>:"|?*]/g;

/** Devices of Windows, whatever their extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * The last segment of the name or address as a file name: without controls, leading dots and what
 * Windows forbids, and at most 150 bytes long with its extension kept. Where nothing is left, `file`.
 */
export function safeFileName(name: string): string {
  const last = name.toWellFormed().normalize("NFC").split(/[/\\]/).at(-1) ?? "";
  // Windows drops dots and spaces at the end, so that two names would be one.
  const clean = last
    .replace(UNFIT, "_")
    .trim()
    .replace(/^[.\s]+|[.\s]+$/g, "");
  if (clean === "") return "file";
  const [stem, extension] = split(DEVICE.test(clean) ? `_${clean}` : clean);
  return `${clipBytes(stem, MAX_BYTES - Buffer.byteLength(extension)).trim()}${extension}`;
}

/** Safe names of which no two are one file, also where upper and lower case are the same. */
export function distinctFileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const safe = safeFileName(name);
    const [stem, extension] = split(safe);
    let distinct = safe;
    for (let n = 2; taken.has(distinct.toLowerCase()); n++) distinct = `${stem}-${n}${extension}`;
    taken.add(distinct.toLowerCase());
    return distinct;
  });
}

function split(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot) : "";
  if (Buffer.byteLength(extension) > MAX_EXTENSION_BYTES) return [name, ""];
  return [dot > 0 ? name.slice(0, dot) : name, extension];
}
