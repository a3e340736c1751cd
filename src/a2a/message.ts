/** An A2A message as it lies in an activity row, read without trusting its shape. */
import {
  asObject,
  get,
  getArray,
  getNumber,
  getString,
  parseJson,
  type JsonObject,
} from "../shared/json.ts";
import { oneLine } from "../shared/text.ts";

/** A file that came with a message. Its bytes are not fetched here. */
export interface FileRef {
  name: string | undefined;
  mimeType: string | undefined;
  uri: string | undefined;
  /** Bytes, where the sender said so. */
  size: number | undefined;
}

/** What a message says, whatever its envelope looked like. */
export interface MessageContent {
  /** All text parts, joined; empty when there are none. */
  text: string;
  files: FileRef[];
  messageId: string | undefined;
  contextId: string | undefined;
  taskId: string | undefined;
  /** As written: `user`, `agent`, `ROLE_USER`, …; it proves nothing about the sender. */
  role: string | undefined;
  metadata: JsonObject | undefined;
}

/**
 * Reads the `request_body` of an activity row (contract 4.1, 4.2). Accepts parts under
 * `params.message`, `params` or at the top, with `kind`, `type` or no discriminator, both spellings
 * of ids, v0.2 `content`, and a body that is itself JSON-RPC text. Never throws.
 */
export function readMessage(body: unknown): MessageContent {
  const envelope = unpacked(body);
  const params = get(envelope, "params");
  const message = asObject(get(params, "message")) ?? asObject(get(envelope, "message"));
  // The first place whose parts say anything wins; a text that is no envelope speaks for itself.
  const places = [message, params, envelope, body];
  const candidates = places.map((place) => readParts(partsOf(place)));
  const parts = candidates.find((c) => c.text !== "" || c.files.length > 0) ?? NOTHING;
  const id = (...keys: string[]) => {
    for (const key of keys) {
      const found = getString(message, key) ?? getString(params, key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    ...parts,
    messageId: id("messageId", "message_id"),
    contextId: id("contextId", "context_id"),
    taskId: id("taskId", "task_id"),
    role: getString(message, "role"),
    metadata: asObject(get(message, "metadata")),
  };
}

/** A message's files as lines of text, for a backend that reads text only. */
export function describeFiles(files: FileRef[]): string {
  return files
    .map(({ name, mimeType, uri }) => {
      const details = [mimeType, uri].filter((d) => d !== undefined).map((d) => oneLine(d, 400));
      return `[file] ${oneLine(name ?? "unnamed")}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
    })
    .join("\n");
}

const NOTHING: { text: string; files: FileRef[] } = { text: "", files: [] };

/** The envelope inside a text; anything else as it is. */
function unpacked(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return parseJson(body);
  } catch {
    return body;
  }
}

function partsOf(place: unknown): unknown[] {
  if (typeof place === "string") return [{ text: place }];
  const parts = getArray(place, "parts") ?? getArray(place, "content");
  if (parts !== undefined) return parts;
  const content = getString(place, "content");
  return content === undefined ? [] : [{ text: content }];
}

function readParts(parts: unknown[]): { text: string; files: FileRef[] } {
  const texts: string[] = [];
  const files: FileRef[] = [];
  for (const wrapped of parts) {
    // Some SDKs wrap each part in `root`.
    const part = asObject(get(wrapped, "root")) ?? asObject(wrapped);
    if (part === undefined) continue;
    const kind = getString(part, "kind") ?? getString(part, "type");
    const text = getString(part, "text");
    if (text !== undefined && (kind === undefined || kind === "text")) texts.push(text);
    else if (kind === "file" || kind === undefined) {
      const file = readFile(part);
      if (file !== undefined) files.push(file);
    }
  }
  return { text: texts.join("\n"), files };
}

/**
 * v0.3 nests a `file`; the Go tool flattens it; v1.0 says `url`, `filename`, `mediaType`. Inline
 * `bytes` may be all that there is.
 */
function readFile(part: JsonObject): FileRef | undefined {
  const file = asObject(get(part, "file")) ?? part;
  const found = {
    name: getString(file, "name") ?? getString(file, "filename"),
    mimeType:
      getString(file, "mimeType") ?? getString(file, "mime_type") ?? getString(file, "mediaType"),
    uri: getString(file, "uri") ?? getString(file, "url"),
    size: getNumber(file, "size"),
  };
  const known = found.name ?? found.uri ?? getString(file, "bytes");
  return known === undefined ? undefined : found;
}
