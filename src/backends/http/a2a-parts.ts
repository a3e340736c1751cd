/** What goes to an A2A agent of a message: its parts, with its files inside. */
import type { FileRef } from "../../a2a/message.ts";
import type { JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import type { OutPart } from "./a2a-dialect.ts";
import type { BackendRequest } from "../backend.ts";
import { readAtMost } from "../fetched-file.ts";

/** Bytes of a file that goes inside a message, and of all of them. */
const FILE_MAX = 10 * 1024 * 1024;
const FILES_MAX = 20 * 1024 * 1024;

/**
 * The parts in the sender's order. A file that lies on this machine, or came inside the message, goes
 * along in base64; one that is too large, or that only the platform could give, goes by its name.
 * Never rejects.
 */
export async function outParts({ parts, text }: BackendRequest): Promise<OutPart[]> {
  const out: OutPart[] = [];
  let room = FILES_MAX;
  for (const part of parts) {
    if (part.kind === "file") {
      const made = await filePart(part.file, Math.min(FILE_MAX, room));
      if (made.kind === "file" && "bytes" in made.content) room -= sizeOf(made.content.bytes);
      out.push(made);
    } else if (part.kind === "data") out.push(part);
    else if (part.text !== "") out.push(part);
  }
  return out.length > 0 ? out : [{ kind: "text", text }];
}

/** Who speaks and how often, for an agent that wants to know: the text itself is the sender's alone. */
export function metadataOf(request: BackendRequest): JsonObject {
  return {
    molecule: {
      workspace_id: request.workspaceId,
      activity_id: request.activityId,
      sender: request.sender,
      peer_id: request.peerId ?? null,
      peer_name: request.peerName ?? null,
      attempt: request.attempt,
      interrupted: request.interrupted,
      is_reply: request.isReply,
      budget_usd: request.budgetUsd ?? null,
    },
  };
}

async function filePart(file: FileRef, max: number): Promise<OutPart> {
  const bytes = await bytesOf(file, max);
  const { name, mimeType, uri } = file;
  if (bytes !== undefined) return { kind: "file", name, mimeType, content: { bytes } };
  if (uri !== undefined && /^https?:\/\//i.test(uri)) {
    return { kind: "file", name, mimeType, content: { uri } };
  }
  const details = [mimeType, "not sent along"].filter((word) => word !== undefined);
  const label = oneLine(name ?? "unnamed");
  return { kind: "text", text: `[file] ${label} (${details.map((d) => oneLine(d)).join(", ")})` };
}

/** The file in base64; undefined where it is not here, or larger than it may be. */
async function bytesOf({ path, bytes }: FileRef, max: number): Promise<string | undefined> {
  if (path !== undefined) return (await readAtMost(path, max))?.toString("base64");
  return bytes !== undefined && sizeOf(bytes) <= max ? bytes : undefined;
}

function sizeOf(base64: string): number {
  return Buffer.byteLength(base64, "base64");
}
