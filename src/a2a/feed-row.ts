/** From a row of the activity feed to a message for a backend, or a reason to pass over it. */
import { asObject, getNumber, getString, get, type JsonObject } from "../shared/json.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { oneLine } from "../shared/text.ts";
import { parseTimestamp } from "../shared/timestamp.ts";
import type { Trace } from "../shared/trace-context.ts";
import { describeParts, readMessage, type FileRef, type MessagePart } from "./message.ts";
import { replyMark } from "./reply.ts";

/** A row with what the feed needs to put it in order. */
export interface Row {
  id: string;
  /** Nanoseconds since 1970; undefined where the row's time can't be read. */
  createdAt: bigint | undefined;
  /** Revision 2 only: the platform's own order. */
  seq: number | undefined;
  raw: JsonObject;
}

/** A request to this workspace (or an answer to one of ours), ready for a backend. */
export interface InboundMessage {
  activityId: string;
  /** The sending workspace; undefined is the canvas user, or nobody knows (see `sender`). */
  peerId: string | undefined;
  /** In push mode the platform does not tell who sent it (contract 5.3). */
  sender?: "unknown";
  method: string;
  /** The text parts; where there are none, the files and data as lines. */
  text: string;
  parts: MessagePart[];
  files: FileRef[];
  messageId: string | undefined;
  contextId: string | undefined;
  taskId: string | undefined;
  /** An answer to something we sent: never answered itself (contract T4). */
  isReply: boolean;
  /** The trace that its sender named, where it did. */
  trace?: Trace | undefined;
  /** When its row was written, by the platform's clock, in milliseconds since 1970. */
  createdMs?: number | undefined;
  envelope: unknown;
}

/** `routine` skips are the platform's own bookkeeping rows, not worth a line for the operator. */
export type Reading =
  { kind: "message"; message: InboundMessage } | { kind: "skip"; reason: string; routine: boolean };

/** A2A v0.3 and v1.0 spell their message methods differently. */
const MESSAGE_METHODS = new Set([
  "message/send",
  "message/stream",
  "SendMessage",
  "SendStreamingMessage",
]);

const REPLYING_ROLES = new Set(["agent", "assistant", "role_agent"]);

/** The row's id and place in time; undefined for what is no row at all. */
export function readRow(raw: unknown): Row | undefined {
  const row = asObject(raw);
  const id = getString(row, "id");
  if (row === undefined || id === undefined || !isWorkspaceId(id)) return undefined;
  return {
    id,
    createdAt: parseTimestamp(get(row, "created_at")),
    seq: getNumber(row, "seq"),
    raw: row,
  };
}

/**
 * The id and time of a row of which only the beginning was read, where they stand before its bodies.
 * Inside a JSON string the quotes would be escaped, so a stranger's text can't pose as them.
 */
export function readHead(head: string | undefined): Row | undefined {
  const top = head?.split(/"(?:request_body|response_body|tool_trace)"\s*:/)[0] ?? "";
  const id = /[{,]\s*"id"\s*:\s*"([0-9a-f-]{36})"/i.exec(top)?.[1];
  if (id === undefined) return undefined;
  const time = /[{,]\s*"created_at"\s*:\s*"([^"\\]{1,64})"/.exec(top)?.[1];
  return { id, createdAt: parseTimestamp(time), seq: undefined, raw: {} };
}

/**
 * What a row means to the workspace `ownId`: the safe rule of contract 2.3. Only a fresh request
 * is a message; echoes of our own notices, our own rows, logs of push deliveries, uploads and
 * anything unknown are skipped. Never throws.
 */
export function interpret(row: Row, ownId: string): Reading {
  const { raw } = row;
  const type = getString(raw, "activity_type");
  const method = getString(raw, "method");
  const source = get(raw, "source_id");
  if (type !== "a2a_receive") return skip(`its type is ${quote(type)}`);
  if (method === "notify") return routine("our own notice to the canvas");
  if (typeof source === "string" && source.toLowerCase() === ownId.toLowerCase()) {
    return routine("our own row");
  }
  if (method === "chat_upload_receive") return routine("a file upload; its message follows");
  if (get(raw, "response_body") !== undefined && get(raw, "response_body") !== null) {
    return routine("already answered");
  }
  const status = getString(raw, "status");
  if (status !== "ok") return skip(`its status is ${quote(status)}`);
  if (method === undefined || !MESSAGE_METHODS.has(method)) {
    return skip(`its method ${quote(method)} asks for nothing`);
  }
  if (source !== null && !(typeof source === "string" && isWorkspaceId(source))) {
    return skip("its sender can't be read");
  }
  const envelope = get(raw, "request_body");
  return {
    kind: "message",
    message: inboundMessage(envelope, {
      activityId: row.id,
      peerId: source ?? undefined,
      method,
      createdMs: row.createdAt === undefined ? undefined : Number(row.createdAt / 1_000_000n),
    }),
  };
}

/** The message in an envelope, with what is known of it from elsewhere. Never throws. */
export function inboundMessage(
  envelope: unknown,
  known: Pick<InboundMessage, "activityId" | "peerId" | "sender" | "method" | "createdMs">,
): InboundMessage {
  const content = readMessage(envelope);
  return {
    ...known,
    text: content.text || describeParts(content.parts),
    parts: content.parts,
    files: content.files,
    messageId: content.messageId,
    contextId: content.contextId,
    taskId: content.taskId,
    isReply:
      replyMark(content.metadata) !== undefined ||
      REPLYING_ROLES.has(content.role?.toLowerCase() ?? ""),
    trace: content.trace,
    envelope,
  };
}

function skip(reason: string): Reading {
  return { kind: "skip", reason, routine: false };
}

function routine(reason: string): Reading {
  return { kind: "skip", reason, routine: true };
}

function quote(value: string | undefined): string {
  return value === undefined ? "missing" : `"${oneLine(value, 60)}"`;
}
