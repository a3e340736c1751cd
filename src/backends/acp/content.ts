/** A message as the content of a prompt (ACP, "Content"). */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { describeParts, type FileRef } from "../../a2a/message.ts";
import type { BackendRequest } from "../backend.ts";
import { frame, type FrameOptions } from "../framing.ts";

/** Bytes of an image that is sent along instead of being named, and of all of them. */
export const MAX_INLINE_BYTES = 5 * 1024 * 1024;
const MAX_INLINE_TOTAL = 10 * 1024 * 1024;

export type ContentBlock =
  | { type: "text"; text: string }
  | { type: "image"; mimeType: string; data: string }
  | { type: "resource_link"; uri: string; name: string; mimeType?: string; size?: number };

/**
 * The text with its frame, the data that the text does not hold, and the files that were fetched: small
 * images whole where the agent takes them, all else by its path. Never rejects.
 */
export async function promptBlocks(
  request: BackendRequest,
  { forgotten = false, images }: FrameOptions & { images: boolean },
): Promise<ContentBlock[]> {
  const blocks: ContentBlock[] = [{ type: "text", text: frame(request, { forgotten }) }];
  const data = describeParts(request.parts.filter((part) => part.kind === "data"));
  // A message without a text of its own has its data for a text already.
  if (data !== "" && !request.text.includes(data)) blocks.push({ type: "text", text: data });
  let room = images ? MAX_INLINE_TOTAL : 0;
  for (const file of request.files) {
    if (file.path === undefined) continue;
    const image = await inline(file, file.path, room);
    if (image !== undefined) room -= image.data.length;
    blocks.push(image ?? link(file, file.path));
  }
  return blocks;
}

async function inline({ mimeType }: FileRef, path: string, room: number) {
  const file = Bun.file(path);
  const type = (mimeType ?? file.type).split(";")[0]?.trim().toLowerCase() ?? "";
  if (!IMAGES.has(type)) return undefined;
  try {
    const { size } = await file.stat();
    if (size === 0 || size > Math.min(MAX_INLINE_BYTES, room)) return undefined;
    const data = Buffer.from(await file.arrayBuffer()).toString("base64");
    return { type: "image" as const, mimeType: type, data };
  } catch {
    // It is named instead, and the agent sees for itself.
    return undefined;
  }
}

/** What the models take; others an agent may still open by their path. */
const IMAGES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

function link({ name, mimeType, size }: FileRef, path: string): ContentBlock {
  return {
    type: "resource_link",
    uri: pathToFileURL(path).href,
    name: name ?? basename(path),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(size === undefined ? {} : { size }),
  };
}
