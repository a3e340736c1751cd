/** A file that was fetched for a message, as the backends that send its content along read it. */
import { readFile, stat } from "node:fs/promises";
import type { FileRef } from "../a2a/message.ts";

export interface FetchedImage {
  /** What it is, whatever its sender called it. */
  mimeType: string;
  bytes: Buffer;
}

/**
 * The type of a file in small letters, parameters included: what its sender says that it is, or else
 * what its name says. Empty where neither is known.
 */
export function typeOf({ mimeType, name, path }: FileRef): string {
  if (mimeType !== undefined) return mimeType.trim().toLowerCase();
  // A whole name may be too long for a path, or hold a NUL, both of which throw.
  const ending = /\.\w{1,20}$/.exec(name ?? path ?? "")?.[0];
  const type = ending === undefined ? UNKNOWN : Bun.file(`a${ending}`).type;
  return type === UNKNOWN ? "" : type.toLowerCase();
}

/**
 * The bytes of the file at that path; undefined where it is no regular file, larger than `max` bytes,
 * or can't be read. Never rejects.
 */
export async function readAtMost(
  path: string | undefined,
  max: number,
): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    const found = await stat(path);
    return found.isFile() && found.size <= max ? await readFile(path) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A file that is called an image, and is one of those that models take (PNG, JPEG, GIF, WebP); otherwise
 * as {@link readAtMost}. Its first bytes decide on its type: a server refuses a message whose image is
 * none.
 */
export async function readImage(file: FileRef, max: number): Promise<FetchedImage | undefined> {
  if (!typeOf(file).startsWith("image/")) return undefined;
  const bytes = await readAtMost(file.path, max);
  const head = bytes?.subarray(0, 12).toString("latin1") ?? "";
  const mimeType = SIGNATURES.find(([, signature]) => signature.test(head))?.[0];
  return bytes === undefined || mimeType === undefined ? undefined : { mimeType, bytes };
}

/** What Bun says of a name that says nothing. */
const UNKNOWN = "application/octet-stream";

const SIGNATURES: [type: string, signature: RegExp][] = [
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
];
