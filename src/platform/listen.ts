/** GET /workspaces/:id/events/stream (contract 2.11): opened, checked, and read until it ends. */
import { mediaType } from "../shared/http.ts";
import { packing } from "./answer.ts";
import { Deadline } from "./deadline.ts";
import { EventParser } from "./event-stream.ts";
import type { Call, Http } from "./http.ts";
import { PlatformError, type CallOptions, type StreamSign } from "./platform.ts";

/** The platform says something at once; a proxy that buffers says nothing at all. */
const OPEN_MS = 15_000;

/** Of an answer that is no stream. */
const MOST_BYTES = 64 * 1024;

/** What a server answers that does not know this path: it has no such stream. */
const ABSENT: readonly number[] = [404, 405, 406, 501];

/** The call that opens a workspace's event stream, and how long it may take, in ms, until it is open. */
export function streamCall(workspaceId: string, deadlineMs: number): Call {
  return {
    what: "the event stream",
    method: "GET",
    path: ["workspaces", workspaceId, "events", "stream"],
    accept: "text/event-stream",
    deadlineMs,
    maxBytes: MOST_BYTES,
  };
}

/** Listens as `Platform.events` promises it. */
export async function listen(
  http: Http,
  workspaceId: string,
  hear: (sign: StreamSign) => void,
  options: CallOptions = {},
): Promise<void> {
  const call = streamCall(workspaceId, OPEN_MS);
  const deadline = new Deadline(OPEN_MS, options.signal);
  let answered = false;
  try {
    const response = await http.open(call, { ...options, fresh: true }, deadline.signal);
    answered = true;
    await checkStream(http, call, response, deadline);
    deadline.pause();
    hear({ kind: "open" });
    const parser = new EventParser(hear);
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>)
      parser.push(chunk);
  } catch (error) {
    throw http.explained(call, error, deadline, answered);
  } finally {
    // Ends the connection, too, where it is not at its end.
    deadline.abort();
    deadline.clear();
  }
}

/** Throws for an answer that is no event stream. */
async function checkStream(
  http: Http,
  call: Call,
  response: Response,
  deadline: Deadline,
): Promise<void> {
  const { status, ok } = response;
  if (!ok) {
    const refusal = await http.refusal(call, response, deadline);
    if (!ABSENT.includes(status)) throw refusal;
    throw new PlatformError(refusal.message, { ...refusal.failure, absent: true });
  }
  const type = mediaType(response);
  const odd =
    type === "text/event-stream" ? packing(response) : `an answer of type ${type || "unknown"}`;
  if (odd === undefined) return;
  const failure = { verdict: "transient", status, absent: true } as const;
  throw new PlatformError(`${call.what}: ${status}, but ${odd.slice(0, 80)}`, failure);
}
