/** One HTTP call to the operator's agent. It never retries, and never throws. */
import { parseRetryAfter } from "../shared/backoff.ts";
import { BUN_FETCH, encodingOf, mediaType, nextHop, readCapped } from "../shared/http.ts";
import { networkWords } from "../shared/network-words.ts";
import type { BackendParts } from "./backend.ts";

/** A call before it is made. */
export interface HttpRequest {
  method: "GET" | "OPTIONS" | "POST";
  url: URL;
  headers: Record<string, string>;
  body?: string;
  /** No more of the answer is read. */
  maxBytes: number;
}

/** What came back, whatever its status. */
export interface HttpAnswer {
  kind: "answered";
  status: number;
  /** The media type in lower case, without its parameters; empty where none is said. */
  type: string;
  text: string;
  /** There was more than `maxBytes`. */
  cut: boolean;
  retryAfterMs: number | undefined;
  /** The encoding of a body that can't be read, as we asked for none. */
  encoding: string | undefined;
}

/** What became of a call. */
export type HttpResult =
  | HttpAnswer
  /** No request can have arrived. */
  | { kind: "unsent"; words: string }
  /** It may have arrived. */
  | { kind: "lost"; words: string }
  /** Sent on to a place that is not followed. */
  | { kind: "elsewhere"; words: string }
  /** The signal aborted. */
  | { kind: "ended" };

/**
 * A kept connection that the agent closes just then would leave us in doubt about a message that it never
 * read, so each call has its own.
 */
const FETCH_OPTIONS = { ...BUN_FETCH, keepalive: false } as const;

/** Makes the call, and follows a redirect as {@link nextHop} has it. */
export async function callHttp(
  request: HttpRequest,
  signal: AbortSignal,
  { clock, env }: Pick<BackendParts, "clock" | "env">,
): Promise<HttpResult> {
  try {
    let at = request.url;
    for (let hops = 0; ; hops++) {
      const response = await send(request, at, signal);
      const hop = await nextHop(response, at, request.method, hops);
      if (hop === undefined) return await receive(response, request.maxBytes, clock.now());
      if (hop.kind === "refused") {
        const to = hop.to === null ? "nowhere" : `${hop.to.origin}${hop.to.pathname}`;
        return { kind: "elsewhere", words: `${at.host} redirects (${response.status}) to ${to}` };
      }
      at = hop.to;
    }
  } catch (error) {
    if (signal.aborted) return { kind: "ended" };
    const { words, refused } = networkWords(request.url, error, 0, env);
    return { kind: refused ? "unsent" : "lost", words };
  }
}

function send(request: HttpRequest, at: URL, signal: AbortSignal): Promise<Response> {
  return fetch(at, {
    method: request.method,
    headers: { "user-agent": "molecule", "accept-encoding": "identity", ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    redirect: "manual",
    signal,
    ...(FETCH_OPTIONS as object),
  });
}

async function receive(response: Response, maxBytes: number, nowMs: number): Promise<HttpAnswer> {
  return {
    kind: "answered",
    status: response.status,
    type: mediaType(response),
    ...(await readCapped(response, maxBytes)),
    retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), nowMs),
    encoding: encodingOf(response),
  };
}
