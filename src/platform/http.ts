/**
 * One HTTP call to the platform: the home of headers, deadlines, body caps, redirects and decoding.
 * It never retries; who calls decides that.
 */
import { createFetch } from "ofetch";
import type { Clock } from "../shared/clock.ts";
import { parseRetryAfter } from "../shared/backoff.ts";
import { parseJson } from "../shared/json.ts";
import type { Secrets } from "../shared/secrets.ts";
import { Deadline } from "./deadline.ts";
import { answerError, networkError, undecodableError, type Received } from "./failure.ts";
import { PlatformError, type CallOptions, type RateLimit } from "./platform.ts";
import { isLoopback } from "./proxy.ts";
import { readRateLimit } from "./rate-limit.ts";

export interface HttpParts {
  /** As {@link parseApiUrl} of api-url.ts gave it. */
  baseUrl: URL;
  /** Sent as `X-Workspace-ID`, so that a bad token is a 401 and never a stranger's voice (T26). */
  identity: string | undefined;
  orgId: string | undefined;
  userAgent: string;
  /** The bearer of the moment: it may change while the program runs (T18). */
  token(): string | undefined;
  clock: Clock;
  /** Masks the platform's words, and learns the secrets that it hands out. */
  secrets: Secrets;
}

export interface Call {
  /** Names the call in messages. */
  what: string;
  method: "GET" | "POST";
  /** Segments, each escaped here: no id can climb out of its place. */
  path: string[];
  query?: Record<string, string | undefined>;
  body?: unknown;
  deadlineMs: number;
  maxBytes: number;
  /** A 2xx counts whatever its body is. */
  anyBody?: boolean;
}

export interface Answer {
  status: number;
  body: unknown;
}

const MAX_REDIRECTS = 3;
const HEAD_BYTES = 16_384;

// A thin layer on purpose: ofetch's own retries, timeout and parsing have traps that we can't have.
const ofetch = createFetch({
  // Looked up at the time of the call, so that a program around us may replace it.
  fetch: ((input: string | URL | Request, init?: RequestInit) =>
    globalThis.fetch(input, init)) as typeof fetch,
  Headers,
  AbortController,
});

/**
 * Options of Bun's fetch that ofetch's types don't know. Without the first a silent request would end
 * after six minutes; the deadline is ours to set. Without the second a kilobyte of brotli unfolds to
 * gigabytes before our cap sees any of it.
 */
const BUN_OPTIONS = { timeout: false, decompress: false } as object;

export class Http {
  readonly #parts: HttpParts;
  /** The server's clock less ours, in milliseconds. */
  #skewMs = 0;
  /** From the headers of the last answer that had them. */
  rateLimit: RateLimit | undefined;

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  serverNow(): number {
    return this.#parts.clock.now() + this.#skewMs;
  }

  /** Makes the call; rejects with a PlatformError for anything but a decodable 2xx. */
  async call(call: Call, options: CallOptions = {}): Promise<Answer> {
    const url = this.#url(call);
    const deadline = new Deadline(call.deadlineMs, options.signal);
    let answered = false;
    try {
      const response = await this.#follow(url, call, options, deadline.signal);
      const { status, ok } = response;
      answered = true;
      const receiving = this.#receive(response, call, deadline);
      // Cut off, too large or too slow: the headers have said all that counts.
      if (ok && call.anyBody === true) {
        return { status, body: (await receiving.catch(() => undefined))?.body };
      }
      const received = await receiving;
      if (!ok) throw answerError(call.what, received, this.#parts.secrets);
      if (received.body === undefined) throw undecodableError(call.what, received);
      return { status, body: received.body };
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      // ofetch wraps the network's error; what matters is inside.
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw networkError(call.what, url, deadline.expired ?? cause, call.deadlineMs, answered);
    } finally {
      deadline.clear();
    }
  }

  #url({ what, path, query }: Call): URL {
    // An escape would not help: %2e%2e climbs just as well (WHATWG URL, 4.5).
    if (path.some((segment) => /^\.\.?$/.test(segment))) {
      throw new PlatformError(`${what}: "." and ".." are no ids`, { verdict: "permanent" });
    }
    const segments = path.map((segment) => encodeURIComponent(segment.toWellFormed()));
    const url = new URL(this.#parts.baseUrl);
    url.pathname = [url.pathname.replace(/\/$/, ""), ...segments].join("/");
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  }

  #headers(call: Call): Record<string, string> {
    const { baseUrl, identity, orgId, userAgent } = this.#parts;
    const token = this.#parts.token();
    return {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": userAgent,
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(identity === undefined ? {} : { "x-workspace-id": identity }),
      // A hosted tenant takes its own origin for the org id (T8); it only ever compares https.
      ...(isHosted(baseUrl) ? { origin: baseUrl.origin } : {}),
      ...(orgId === undefined ? {} : { "x-molecule-org-id": orgId }),
    };
  }

  /** Follows redirects that stay at the same origin; the token goes nowhere else. */
  async #follow(
    url: URL,
    call: Call,
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<Response> {
    let at = url;
    for (let hops = 0; ; hops++) {
      const response = (await ofetch.raw(at.href, {
        method: call.method,
        headers: this.#headers(call),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        signal,
        redirect: "manual",
        keepalive: options.fresh !== true,
        ...BUN_OPTIONS,
        retry: false,
        ignoreResponseError: true,
        responseType: "stream",
      })) as Response;
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) return response;
      await response.body?.cancel();
      const next = URL.parse(location, at.href);
      const kept = call.method === "GET" || response.status === 307 || response.status === 308;
      if (next?.origin !== url.origin || !kept || hops >= MAX_REDIRECTS) {
        throw new PlatformError(
          `${call.what}: ${at.host} redirects to ${next?.origin ?? "nowhere"}, which is not followed`,
          {
            verdict: "misaddressed",
            status: response.status,
            hint: "If that is where the platform lives now, give its address as --api-url.",
          },
        );
      }
      at = next;
    }
  }

  async #receive(response: Response, call: Call, deadline: Deadline): Promise<Received> {
    const { clock } = this.#parts;
    const date = Date.parse(response.headers.get("date") ?? "");
    // Four digits of a year are what a cursor file and a query can hold.
    if (date >= 0 && date < Date.UTC(9999)) this.#skewMs = date - clock.now();
    this.rateLimit = readRateLimit(response.headers) ?? this.rateLimit;
    const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
    const isJson = type === "" || type === "application/json" || type?.endsWith("+json") === true;
    const text = await readCapped(response, call, deadline);
    const received: Received = {
      status: response.status,
      body: undefined,
      undecodable: undefined,
      empty: text.trim() === "",
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), this.serverNow()),
    };
    if (received.empty) return received;
    const encoding = response.headers.get("content-encoding") ?? "identity";
    if (encoding.toLowerCase() !== "identity") {
      received.undecodable = `an answer in the encoding ${encoding.slice(0, 20)}, which was not asked for`;
      return received;
    }
    if (!isJson) {
      received.undecodable = `an answer of type ${type?.slice(0, 40)} instead of JSON`;
      return received;
    }
    try {
      received.body = parseJson(text);
    } catch {
      received.undecodable = "an answer that is broken JSON";
    }
    return received;
  }
}

/** The body as text, or an error with its beginning once it is larger than it may be. */
async function readCapped(response: Response, call: Call, deadline: Deadline): Promise<string> {
  if (response.body === null) return "";
  const length = response.headers.get("content-length") ?? "";
  // Told to be small: reading it as a stream costs several times as much.
  if (/^\d{1,9}$/.test(length) && Number(length) <= call.maxBytes) return response.text();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    size += chunk.byteLength;
    chunks.push(chunk);
    if (size <= call.maxBytes) continue;
    deadline.abort();
    throw new PlatformError(
      `${call.what}: the answer is larger than ${Math.round(call.maxBytes / 1024)} KiB`,
      {
        verdict: "transient",
        status: response.status,
        unreadable: true,
        // No copy of all that was read.
        head: Buffer.concat(chunks, Math.min(size, HEAD_BYTES)).toString("utf8"),
      },
    );
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Only https tenants compare `Origin`; a plain local server would take us for the web UI. */
function isHosted(baseUrl: URL): boolean {
  return baseUrl.protocol === "https:" && !isLoopback(baseUrl.hostname);
}
