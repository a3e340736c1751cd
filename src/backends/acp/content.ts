/** A message as the content of a prompt (ACP, "Content"). */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { FileRef } from "../../a2a/message.ts";
import type { BackendRequest } from "../backend.ts";
import { readImage } from "../fetched-file.ts";
import { frame, type FrameOptions } from "../framing.ts";

/** Bytes of an image that is sent along instead of being named, and of all of them. */
export const MAX_INLINE_BYTES = 5 * 1024 * 1024;
const MAX_INLINE_TOTAL = 10 * 1024 * 1024;

export type ContentBlock =
  | { type: "text"; text: string }
  | { type: "image"; mimeType: string; data: string }
  | { type: "resource_link"; uri: string; name: string; mimeType?: string; size?: number };

/**
 * The message in its frame, and the files that were fetched: small images whole where the agent takes
 * them, all else by its path. Never rejects.
 */
export async function promptBlocks(
  request: BackendRequest,
  { forgotten = false, images }: FrameOptions & { images: boolean },
): Promise<ContentBlock[]> {
  const blocks: ContentBlock[] = [{ type: "text", text: frame(request, { forgotten }) }];
  let room = images ? MAX_INLINE_TOTAL : 0;
  for (const file of request.files) {
    if (file.path === undefined) continue;
    const image = await readImage(file, Math.min(MAX_INLINE_BYTES, room));
    if (image === undefined) blocks.push(link(file, file.path));
    else {
      room -= image.bytes.length;
      const data = image.bytes.toString("base64");
      blocks.push({ type: "image", mimeType: image.mimeType, data });
    }
  }
  return blocks;
}

function link({ name, mimeType, size }: FileRef, path: string): ContentBlock {
  return {
    type: "resource_link",
    uri: pathToFileURL(path).href,
    name: name ?? basename(path),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(size === undefined ? {} : { size }),
  };
}
