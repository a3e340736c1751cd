/** What a stored message says, in the form in which the page shows it. */
import { filesIn, readMessage, textIn, type FileRef, type MessagePart } from "../a2a/message.ts";
import { readAnswer, readNotice } from "../a2a/request.ts";
import { readUploadUri } from "../dev/upload-uri.ts";
import { get, getArray, getString, tryParseJson } from "../shared/json.ts";
import { nestsDeeper } from "../shared/nesting.ts";
import { clip, clipBytes } from "../shared/text.ts";
import type { PageFile, Said } from "./wire.ts";

/** Of a text, so much is shown at once: bytes of UTF-8. */
const MAX_TEXT_BYTES = 64 * 1024;
const MAX_FILES = 100;
const MAX_NAME_CHARACTERS = 300;
/** The longest type that may be registered has 127 on either side of its slash (RFC 6838, 4.2). */
const MAX_TYPE_CHARACTERS = 255;

/** One of honest make has a dozen. */
const MAX_LEVELS = 1_000;

/** Nothing: there was no message, or none that can be read. */
export const NOTHING: Said = { text: "", clipped: false, files: [] };

/** A body that is too long, or too deep, to be read here: the whole row has it. */
export const TOO_LONG: Said = { ...NOTHING, clipped: true };

/** What the stored `request_body` of a message says; its sender's own id of it. Never throws. */
export function readSent(text: string | null): { said: Said; messageId: string | null } {
  if (isAbsurd(text)) return { said: TOO_LONG, messageId: null };
  const { parts, messageId } = readMessage(parsed(text));
  return { said: toSaid(textOf(parts), filesIn(parts)), messageId: messageId ?? null };
}

/** What the stored `response_body` of an agent's notice to the canvas says. Never throws. */
export function readNotified(text: string | null): Said {
  if (isAbsurd(text)) return TOO_LONG;
  const body = parsed(text);
  return toSaid(readNotice(body), filesOf(body));
}

/**
 * What an agent answered to a push, by its stored answer; also where that is the word that it failed.
 * Never throws.
 */
export function readAnswered(text: string): Said {
  if (isAbsurd(text)) return TOO_LONG;
  const body = parsed(text);
  const result = get(body, "result");
  const error = get(body, "error");
  const failure = typeof error === "string" ? error : getString(error, "message");
  const artifacts = getArray(result, "artifacts") ?? [];
  const status = get(get(result, "status"), "message");
  const words = readAnswer(body) ?? failure ?? (typeof body === "string" ? body : "");
  return toSaid(words, [result, ...artifacts, status].flatMap(filesOf));
}

/** A text of its own. */
export function saidText(text: string): Said {
  return toSaid(text, []);
}

/** To parse it would hold up everything else for seconds, each time that it is looked at. */
function isAbsurd(text: string | null): boolean {
  return text !== null && text.length > MAX_LEVELS && nestsDeeper(text, MAX_LEVELS);
}

function parsed(text: string | null): unknown {
  if (text?.startsWith('"') !== true) return tryParseJson(text ?? undefined);
  // What an agent answered to a push is kept as a text where it is no JSON object.
  const [word] = Object.values(tryParseJson(`[${text}]`) ?? []);
  return word;
}

/** The text parts; where there are none, data as lines. */
function textOf(parts: readonly MessagePart[]): string {
  const data = parts.flatMap((part) => (part.kind === "data" ? [JSON.stringify(part.data)] : []));
  return textIn(parts) || data.join("\n");
}

function filesOf(withParts: unknown): FileRef[] {
  return readMessage({ params: { message: withParts } }).files;
}

function toSaid(text: string, files: readonly FileRef[]): Said {
  const clipped = clipBytes(text.toWellFormed(), MAX_TEXT_BYTES);
  return {
    text: clipped,
    clipped: clipped.length < text.length || files.length > MAX_FILES,
    files: files.slice(0, MAX_FILES).map(toPageFile),
  };
}

function toPageFile({ name, mimeType, uri, size }: FileRef): PageFile {
  return {
    name: clip((name ?? "unnamed").toWellFormed(), MAX_NAME_CHARACTERS),
    mimeType: mimeType === undefined ? null : clip(mimeType, MAX_TYPE_CHARACTERS),
    size: size ?? null,
    path: pathOf(uri),
  };
}

/** What is at any other address is not ours to fetch. */
function pathOf(uri: string | undefined): string | null {
  const place = readUploadUri(uri);
  return place === undefined ? null : `workspaces/${place.workspaceId}/files/${place.fileId}`;
}
