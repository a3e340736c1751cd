/** The files of a message, as far as a chat model can be shown them. */
import { readFile, stat } from "node:fs/promises";
import type { FileRef } from "../../a2a/message.ts";
import { oneLine } from "../../shared/text.ts";

/** Bytes of a text file that is shown, and of all together. */
export const TEXT_FILE_MAX = 256 * 1024;
export const TEXT_FILES_MAX = 1024 * 1024;

/** Bytes of an image that is shown, and how many are. */
export const IMAGE_MAX = 5 * 1024 * 1024;
export const IMAGES_MAX = 8;

export interface ShownFiles {
  /** A line for each file, and below it the text of those that are text. */
  text: string;
  /** Only the lines: what is remembered of the files. */
  names: string;
  /** `data:` URLs. */
  images: string[];
}

/**
 * Reads what was fetched. Text goes into the prompt, images become `data:` URLs if the model is to see
 * them, anything else (too large, of another type, not fetched) is named only. Where a file lies on
 * this machine is nobody's business. Never throws.
 */
export async function showFiles(files: readonly FileRef[], images: boolean): Promise<ShownFiles> {
  const shown: ShownFiles = { text: "", names: "", images: [] };
  const lines: string[] = [];
  const names: string[] = [];
  let room = TEXT_FILES_MAX;
  for (const file of files) {
    const type = typeOf(file);
    const label = `[file] ${oneLine(file.name ?? "unnamed", 200)}${type === "" ? "" : ` (${oneLine(type, 100)})`}`;
    names.push(label);
    const text = isText(type)
      ? await readText(file.path, Math.min(room, TEXT_FILE_MAX))
      : undefined;
    room -= text === undefined ? 0 : Buffer.byteLength(text);
    lines.push(text === undefined ? label : `${label}\n${text}\n[end of the file]`);
    if (!images || shown.images.length >= IMAGES_MAX || !type.startsWith("image/")) continue;
    const image = await readImage(file.path);
    if (image !== undefined) shown.images.push(image);
  }
  return { ...shown, text: lines.join("\n"), names: names.join("\n") };
}

/** What its sender says that it is; where he does not, what its name says. */
function typeOf({ mimeType, name, path }: FileRef): string {
  if (mimeType !== undefined) return mimeType.toLowerCase();
  if (name === undefined && path === undefined) return "";
  const type = Bun.file(name ?? path ?? "").type;
  return type === "application/octet-stream" ? "" : type.toLowerCase();
}

function isText(type: string): boolean {
  return type.startsWith("text/") || /^application\/json(?![\w.+-])/.test(type);
}

async function readText(path: string | undefined, max: number): Promise<string | undefined> {
  const bytes = await readAtMost(path, max);
  if (bytes === undefined || bytes.includes(0)) return undefined;
  return new TextDecoder().decode(bytes);
}

/** By what it is, not by what it is called: a server refuses a message whose image is none. */
async function readImage(path: string | undefined): Promise<string | undefined> {
  const bytes = await readAtMost(path, IMAGE_MAX);
  if (bytes === undefined) return undefined;
  const head = bytes.subarray(0, 12).toString("latin1");
  const type = SIGNATURES.find(([, signature]) => signature.test(head))?.[0];
  return type === undefined ? undefined : `data:${type};base64,${bytes.toString("base64")}`;
}

const SIGNATURES: [type: string, signature: RegExp][] = [
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
];

/** The file's bytes; undefined where it is no regular file, too large, or can't be read. */
async function readAtMost(path: string | undefined, max: number): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    const found = await stat(path);
    return found.isFile() && found.size <= max ? await readFile(path) : undefined;
  } catch {
    return undefined;
  }
}
