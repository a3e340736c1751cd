/** An A2A message as it lies in an activity row, read without trusting its shape. */
import {
  asObject,
  get,
  getArray,
  getNumber,
  getString,
  isTooDeep,
  tryParseJson,
  type JsonObject,
} from "../shared/json.ts";
import { oneLine } from "../shared/text.ts";
import { parseTraceparent, type Trace } from "../shared/trace-context.ts";

/** A file that came with a message. Its bytes are not fetched here. */
export interface FileRef {
  name: string | undefined;
  mimeType: string | undefined;
  uri: string | undefined;
  /** Bytes, where the sender said so. */
  size: number | undefined;
  /** The file itself in base64, where the message holds it. */
  bytes?: string | undefined;
  /** Where it lies on this machine, once it was fetched. */
  path?: string | undefined;
  /** Why it was not fetched although it should have been: one clause. */
  problem?: string | undefined;
}

/** A part of a message, in the order in which its sender wrote them. */
export type MessagePart =
  | { kind: "text"; text: string }
  /** `data`: any JSON value. */
  | { kind: "data"; data: unknown; mimeType: string | undefined }
  | { kind: "file"; file: FileRef };

/** What a message says, whatever its envelope looked like. */
export interface MessageContent {
  /** All parts that can be read. */
  parts: MessagePart[];
  /** The text parts, joined; empty when there are none. */
  text: string;
  /** The files among the parts. */
  files: FileRef[];
  messageId: string | undefined;
  contextId: string | undefined;
  taskId: string | undefined;
  /** As written: `user`, `agent`, `ROLE_USER`, …; it proves nothing about the sender. */
  role: string | undefined;
  metadata: JsonObject | undefined;
  /** The trace that it belongs to, where its sender named one (W3C Trace Context). */
  trace: Trace | undefined;
}

/** Metadata key under which a message names its trace, as an HTTP request does in its headers. */
export const TRACEPARENT = "traceparent";

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
  const parts = candidates.find((found) => found.some(saysSomething)) ?? [];
  const id = (...keys: string[]) => {
    for (const key of keys) {
      const found = getString(message, key) ?? getString(params, key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const metadata = asObject(get(message, "metadata"));
  const traces = [metadata, get(params, "metadata")].map((place) =>
    parseTraceparent(get(place, TRACEPARENT)),
  );
  return {
    parts,
    text: textIn(parts),
    files: filesIn(parts),
    messageId: id("messageId", "message_id"),
    contextId: id("contextId", "context_id"),
    taskId: id("taskId", "task_id"),
    role: getString(message, "role"),
    metadata,
    trace: traces.find((trace) => trace !== undefined),
  };
}

/** The text parts, joined with newlines. */
export function textIn(parts: readonly MessagePart[]): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
}

/** The files among the parts. */
export function filesIn(parts: readonly MessagePart[]): FileRef[] {
  return parts.flatMap((part) => (part.kind === "file" ? [part.file] : []));
}

/**
 * All parts as text, in their order: texts as {@link textIn} joins them, files and data as a line each
 * with an empty line between these and a text.
 */
export function describeParts(parts: readonly MessagePart[]): string {
  const blocks: MessagePart[][] = [];
  for (const part of parts) {
    const block = blocks.at(-1);
    if (block?.[0] !== undefined && isText(block[0]) === isText(part)) block.push(part);
    else blocks.push([part]);
  }
  const described = blocks.map((block) => block.map(describePart).join("\n"));
  return described.filter((text) => text !== "").join("\n\n");
}

function isText({ kind }: MessagePart): boolean {
  return kind === "text";
}

function describePart(part: MessagePart): string {
  if (part.kind === "file") return describeFile(part.file);
  return part.kind === "data" ? `[data] ${JSON.stringify(part.data)}` : part.text;
}

/** The longest path of a system that we know. */
const MAX_PATH = 4_096;

function describeFile({ name, mimeType, uri, path, problem }: FileRef): string {
  // Where it can't be had it leads nowhere, or where its reader should not go.
  const where = path ?? (problem === undefined ? uri : `not fetched: ${problem}`);
  const details = [mimeType, where]
    .filter((d) => d !== undefined)
    .map((d) => oneLine(d, path === d ? MAX_PATH : 400));
  return `[file] ${oneLine(name ?? "unnamed")}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
}

function saysSomething(part: MessagePart): boolean {
  return part.kind !== "text" || part.text !== "";
}

/** The envelope inside a text; anything else as it is. */
function unpacked(body: unknown): unknown {
  if (typeof body !== "string") return body;
  const envelope = tryParseJson(body);
  // How deep the text is nested nobody has looked at before.
  return envelope === undefined || isTooDeep(envelope) ? body : envelope;
}

function partsOf(place: unknown): unknown[] {
  if (typeof place === "string") return [{ text: place }];
  const parts = getArray(place, "parts") ?? getArray(place, "content");
  if (parts !== undefined) return parts;
  const content = getString(place, "content");
  return content === undefined ? [] : [{ text: content }];
}

function readParts(list: unknown[]): MessagePart[] {
  return list.flatMap((wrapped) => {
    // Some SDKs wrap each part in `root`.
    const part = asObject(get(wrapped, "root")) ?? asObject(wrapped);
    const read = part === undefined ? undefined : readPart(part);
    return read === undefined ? [] : [read];
  });
}

function readPart(part: JsonObject): MessagePart | undefined {
  const kind = getString(part, "kind") ?? getString(part, "type");
  const text = getString(part, "text");
  if (text !== undefined && (kind === undefined || kind === "text")) return { kind: "text", text };
  if (kind === "data" || (kind === undefined && Object.hasOwn(part, "data"))) {
    const data = get(part, "data");
    if (data === undefined || data === null) return undefined;
    const mimeType = getString(part, "mimeType") ?? getString(part, "mediaType");
    return { kind: "data", data, mimeType };
  }
  if (kind !== "file" && kind !== undefined) return undefined;
  const file = readFile(part);
  return file === undefined ? undefined : { kind: "file", file };
}

/**
 * v0.3 nests a `file`; the Go tool flattens it; v1.0 says `url`, `filename`, `mediaType`, and `raw` for
 * inline bytes, which may be all that there is.
 */
function readFile(part: JsonObject): FileRef | undefined {
  const file = asObject(get(part, "file")) ?? part;
  const bytes = getString(file, "bytes") ?? getString(file, "raw");
  const found = {
    name: getString(file, "name") ?? getString(file, "filename"),
    mimeType:
      getString(file, "mimeType") ?? getString(file, "mime_type") ?? getString(file, "mediaType"),
    uri: getString(file, "uri") ?? getString(file, "url"),
    size: getNumber(file, "size"),
    ...(bytes === undefined ? {} : { bytes }),
  };
  return (found.name ?? found.uri ?? bytes) === undefined ? undefined : found;
}
