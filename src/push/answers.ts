/** What is answered to a request: a message in the words of its version, an error, or a refusal. */
import { REPLY_MARK } from "../a2a/reply.ts";
import type { MessageSendRequest } from "../contract/types.ts";
import type { Asked } from "./rpc.ts";

/** An answer in the form of v0.3, as it is kept. */
export type AnswerMessage = MessageSendRequest["params"]["message"];

/** How a message ended for its sender. */
export type Ending =
  | { kind: "answer"; message: AnswerMessage }
  /** There will be none; `told` is what the sender may read. */
  | { kind: "failed"; told: string }
  | Refusal;

/** Nothing was done, and the sender may try again. */
export interface Refusal {
  kind: "refused";
  status: 429 | 503;
  error: string;
  retryAfterS: number;
  /** What the platform knows a 503 by (contract 2.4.6). */
  mark?: "busy" | "restarting";
}

export const RESTARTING: Refusal = {
  kind: "refused",
  status: 503,
  error: "the agent is restarting",
  retryAfterS: 15,
  mark: "restarting",
};

export const BUSY: Refusal = {
  kind: "refused",
  status: 503,
  error: "the agent is busy",
  retryAfterS: 30,
  mark: "busy",
};

/** When the backend may work again, after only the operator can mend it; it is probed every minute. */
const TROUBLE_S = 60;

/** The hour's runs are used up; there may be one in so many milliseconds. */
export function tooMany(inMs: number): Refusal {
  const error = "the agent has been asked too often within an hour";
  return { kind: "refused", status: 429, error, retryAfterS: Math.ceil(inMs / 1_000) };
}

/** Only the operator can help, or time; `told` is what the sender may read of it. */
export function trouble(told: string): Refusal {
  const error = `the agent can't answer now: ${told}`;
  return { kind: "refused", status: 503, error, retryAfterS: TROUBLE_S, mark: "busy" };
}

/** The body of an ending. A refusal that came too late for a status of its own is an error. */
export function endingBody(asked: Asked, ending: Ending): object {
  if (ending.kind === "answer") return answerBody(asked, ending.message);
  if (ending.kind === "failed") return errorBody(asked, -32603, ending.told);
  const { error, retryAfterS } = ending;
  return errorBody(asked, -32603, error, { retry_after: retryAfterS });
}

/** JSON-RPC goes with status 200, errors too: anything from 300 on is a failure to the platform. */
export function errorBody({ id }: Asked, code: number, message: string, data?: object): object {
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return { jsonrpc: "2.0", id, error };
}

/** The answer of an ending that is known before anything was sent. */
export function respond(asked: Asked, ending: Ending): Response {
  return ending.kind === "refused"
    ? refuse(ending.status, ending.error, ending)
    : Response.json(endingBody(asked, ending));
}

/** A refusal below JSON-RPC, as the platform passes it on to the sender. */
export function refuse(
  status: number,
  error: string,
  { retryAfterS, mark }: Partial<Pick<Refusal, "retryAfterS" | "mark">> = {},
): Response {
  const body = {
    error,
    ...(mark === undefined ? {} : { [mark]: true }),
    ...(retryAfterS === undefined ? {} : { retry_after: retryAfterS }),
  };
  const headers = retryAfterS === undefined ? {} : { "Retry-After": String(retryAfterS) };
  return Response.json(body, { status, headers });
}

function answerBody({ id, version }: Asked, message: AnswerMessage): object {
  const result = version === "0.3" ? message : { message: inNewForm(message) };
  return { jsonrpc: "2.0", id, result };
}

/** As v1.0 writes a message: no `kind`, roles in capitals, a part is what it holds. */
function inNewForm({ kind: _, role, parts, ...rest }: AnswerMessage): object {
  return {
    ...rest,
    role: role === "agent" ? "ROLE_AGENT" : "ROLE_USER",
    parts: parts.flatMap((part) =>
      part.kind === "text" ? [{ text: part.text, mediaType: "text/plain" }] : [],
    ),
  };
}

/** Whether a kept text is an answer; what another version has written may be none. */
export function isAnswer(value: unknown): value is AnswerMessage {
  if (typeof value !== "object" || value === null) return false;
  const { messageId, parts, metadata } = value as Partial<AnswerMessage>;
  return typeof messageId === "string" && Array.isArray(parts) && REPLY_MARK in (metadata ?? {});
}
