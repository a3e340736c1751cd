/** The files of a message, as far as a chat model can be shown them. */
import type { FileRef } from "../../a2a/message.ts";
import { oneLine } from "../../shared/text.ts";
import { readAtMost, readImage, typeOf } from "../fetched-file.ts";

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
    if (!images || shown.images.length >= IMAGES_MAX) continue;
    const image = await readImage(file, IMAGE_MAX);
    if (image === undefined) continue;
    shown.images.push(`data:${image.mimeType};base64,${image.bytes.toString("base64")}`);
  }
  return { ...shown, text: lines.join("\n"), names: names.join("\n") };
}

function isText(type: string): boolean {
  return type.startsWith("text/") || /^application\/json(?![\w.+-])/.test(type);
}

async function readText(path: string | undefined, max: number): Promise<string | undefined> {
  const bytes = await readAtMost(path, max);
  if (bytes === undefined || bytes.includes(0)) return undefined;
  return new TextDecoder().decode(bytes);
}
