/** One HTTP call to the operator's agent. It never retries, and never throws. */
import { parseRetryAfter } from "../shared/backoff.ts";
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

const MAX_REDIRECTS = 3;

/**
 * Options of Bun's fetch. Without the first, a silent request would end after six minutes, whatever the
 * timeout; without the second, a kilobyte of brotli unfolds to gigabytes before the cap sees any of it.
 * A kept connection that the agent closes just then would leave us in doubt about a message that it
 * never read, so each call has its own.
 */
const FETCH_OPTIONS = { timeout: false, decompress: false, keepalive: false } as const;

/**
 * Makes the call. A redirect is followed at the same origin only, and only where method and body are
 * kept (RFC 9110, 15.4): headers that hold secrets go nowhere else.
 */
export async function callHttp(
  request: HttpRequest,
  signal: AbortSignal,
  { clock, env }: Pick<BackendParts, "clock" | "env">,
): Promise<HttpResult> {
  try {
    let at = request.url;
    for (let hops = 0; ; hops++) {
      const response = await send(request, at, signal);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) {
        return await receive(response, request.maxBytes, clock.now());
      }
      await response.body?.cancel();
      const next = URL.parse(location, at.href);
      const kept = request.method !== "POST" || response.status === 307 || response.status === 308;
      if (next?.origin !== at.origin || !kept || hops >= MAX_REDIRECTS) {
        const to = next === null ? "nowhere" : `${next.origin}${next.pathname}`;
        return { kind: "elsewhere", words: `${at.host} redirects (${response.status}) to ${to}` };
      }
      at = next;
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
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxBytes) break;
  }
  const { headers, status } = response;
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return {
    kind: "answered",
    status,
    type: (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "",
    text: Buffer.concat(chunks, Math.min(size, maxBytes)).toString("utf8"),
    cut: size > maxBytes,
    retryAfterMs: parseRetryAfter(headers.get("retry-after"), nowMs),
    encoding: encoding === "" || encoding === "identity" ? undefined : encoding,
  };
}
