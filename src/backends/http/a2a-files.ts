/** Files inside an agent's answer, written where they can go on from. */
import type { FileRef } from "../../a2a/message.ts";
import { codeOf, messageOf } from "../../shared/errors.ts";
import { safeFileName } from "../../shared/file-name.ts";
import { oneLine } from "../../shared/text.ts";
import type { AnswerFile } from "../backend.ts";
import { writeNew } from "../new-file.ts";

/** Bytes of one file. */
const FILE_MAX = 25 * 1024 * 1024;
/** RFC 6838, 4.2. */
const MIME_TYPE = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}$/;

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
  const safe = safeFileName(name ?? "file");
  try {
    const path = await writeNew(folder, safe, content);
    return {
      file: { path, name: safe, mimeType: MIME_TYPE.test(mimeType ?? "") ? mimeType : undefined },
    };
  } catch (error) {
    return { left: codeOf(error) ?? oneLine(messageOf(error)) };
  }
}
