/** Files inside an agent's answer, written where they can go on from. */
import { open, unlink } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FileRef } from "../../a2a/message.ts";
import { codeOf, messageOf } from "../../shared/errors.ts";
import { clipBytes, oneLine } from "../../shared/text.ts";
import type { AnswerFile } from "../backend.ts";

/** Bytes of one file. */
const FILE_MAX = 25 * 1024 * 1024;
const NAME_MAX_BYTES = 120;
/** RFC 6838, 4.2. */
const MIME_TYPE = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}$/;
const MOST_TRIES = 1000;

/** A file that was written, or why it was not. */
export type SavedFile = { file: AnswerFile } | { left: string };

/**
 * Writes a file's bytes into the folder, under a name of its own there; `left` says why it was not.
 * Never rejects.
 */
export async function saveFile(
  { name, mimeType, bytes = "" }: FileRef,
  folder: string,
): Promise<SavedFile> {
  if (bytes.length * 0.75 > FILE_MAX) return { left: "it is larger than 25 MiB" };
  const content = Buffer.from(bytes, "base64");
  const safe = safeName(name ?? "file");
  try {
    const path = await writeNew(folder, safe, content);
    return {
      file: { path, name: safe, mimeType: MIME_TYPE.test(mimeType ?? "") ? mimeType : undefined },
    };
  } catch (error) {
    return { left: codeOf(error) ?? oneLine(messageOf(error)) };
  }
}

/**
 * The last part of a path that an agent chose, as a name that is one on every system: no folder, no
 * control character, no leading dot, no device of Windows. Never empty.
 */
export function safeName(name: string): string {
  const last = name.toWellFormed().split(/[\\/]/).at(-1) ?? "";
  const clean = oneLine(last, 400)
    .replace(/[<>:"|?*\\]/g, "_")
    .replace(/^[.\s]+|[.\s]+$/g, "");
  const plain = DEVICE.test(clean) ? `_${clean}` : clean;
  if (Buffer.byteLength(plain) <= NAME_MAX_BYTES) return plain === "" ? "file" : plain;
  const end = extname(plain).slice(0, 20);
  return `${clipBytes(plain.slice(0, -end.length || undefined), NAME_MAX_BYTES - Buffer.byteLength(end))}${end}`;
}

const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** Writes a file that was not there; where the name is taken, one with a number. */
async function writeNew(folder: string, name: string, content: Uint8Array): Promise<string> {
  const end = extname(name);
  const stem = name.slice(0, name.length - end.length);
  for (let tried = 1; ; tried++) {
    const path = join(folder, tried === 1 ? name : `${stem}-${tried}${end}`);
    try {
      const handle = await open(path, "wx", 0o600);
      try {
        await handle.writeFile(content);
      } catch (error) {
        // A disk that is full leaves half of it.
        await unlink(path).catch(() => {});
        throw error;
      } finally {
        await handle.close();
      }
      return path;
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || tried >= MOST_TRIES) throw error;
    }
  }
}
