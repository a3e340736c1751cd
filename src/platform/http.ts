/**
 * One HTTP call to the platform: the home of addresses, headers, redirects and of what an end without
 * an answer means. It never retries; who calls decides that.
 */
import { createFetch } from "ofetch";
import type { Clock } from "../shared/clock.ts";
import { BUN_FETCH, mediaType, nextHop } from "../shared/http.ts";
import { isLoopback } from "../shared/proxy.ts";
import type { Secrets } from "../shared/secrets.ts";
import { receive } from "./answer.ts";
import { Deadline } from "./deadline.ts";
import { answerError, networkError, undecodableError } from "./failure.ts";
import type { Payload } from "./multipart.ts";
import { PlatformError, type CallOptions, type RateLimit } from "./platform.ts";
import { readRateLimit } from "./rate-limit.ts";
import { ServerClock } from "./server-clock.ts";

export interface HttpParts {
  /** As {@link parseApiUrl} of api-url.ts gave it. */
  baseUrl: URL;
  /** Sent as `X-Workspace-ID`, so that a bad token is a 401 and never a stranger's voice (T26). */
  identity: string | undefined;
  orgId: string | undefined;
  userAgent: string;
  /** Authorities to trust, in PEM, in place of the system's; undefined for those. */
  ca?: readonly string[] | undefined;
  /** The bearer of the moment: it may change while the program runs (T18). */
  token(): string | undefined;
  clock: Clock;
  /** Masks the platform's words, and learns the secrets that it hands out. */
  secrets: Secrets;
  /** Hears of each answer, in one line: for those who want to see what is asked. */
  trace?: ((line: string) => void) | undefined;
}

export interface Call {
  /** Names the call in messages. */
  what: string;
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Segments, each escaped here: no id can climb out of its place. */
  path: string[];
  query?: Record<string, string | undefined>;
  /** Beside those that every call has. */
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  payload?: Payload;
  /** What is wanted in answer. Default: JSON. */
  accept?: string;
  deadlineMs: number;
  /** Of the answer. */
  maxBytes: number;
  /** A 2xx counts whatever its body is, but for a web page. */
  anyBody?: boolean;
}

export interface Answer {
  status: number;
  body: unknown;
}

/** What the ids of a path may have: UUIDs are 36 long, those of the Go tool at most 128. */
const MAX_SEGMENT_CHARACTERS = 200;

// A thin layer on purpose: ofetch's own retries, timeout and parsing have traps that we can't have.
const ofetch = createFetch({
  // Looked up at the time of the call, so that a program around us may replace it.
  fetch: ((input: string | URL | Request, init?: RequestInit) =>
    globalThis.fetch(input, init)) as typeof fetch,
  Headers,
  AbortController,
});

/** Which ofetch's types don't know. */
const BUN_OPTIONS: object = BUN_FETCH;

export class Http {
  readonly #parts: HttpParts;
  readonly #serverClock: ServerClock;
  /** From the headers of the last answer that had them. */
  rateLimit: RateLimit | undefined;
  /** Which ofetch's types don't know, either. */
  readonly #tls: object;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#serverClock = new ServerClock(parts.clock);
    this.#tls = parts.ca === undefined ? {} : { tls: { ca: [...parts.ca] } };
  }

  serverNow(): number {
    return this.#serverClock.now();
  }

  /** Makes the call; rejects with a PlatformError for anything but a decodable 2xx. */
  async call(call: Call, options: CallOptions = {}): Promise<Answer> {
    const deadline = new Deadline(call.deadlineMs, options.signal);
    let answered = false;
    try {
      const response = await this.open(call, options, deadline.signal);
      const { status, ok } = response;
      answered = true;
      const receiving = receive(response, { ...call, deadline, now: this.serverNow() });
      // Cut off, too large or too slow: the headers have said all that counts. But a web page comes from
      // something in between, and the platform has seen nothing of the call.
      if (ok && call.anyBody === true && mediaType(response) !== "text/html") {
        return { status, body: (await receiving.catch(() => undefined))?.body };
      }
      const received = await receiving;
      if (!ok) throw answerError(call.what, received, this.#parts.secrets);
      if (received.body === undefined) throw undecodableError(call.what, received);
      return { status, body: received.body };
    } catch (error) {
      throw this.explained(call, error, deadline, answered);
    } finally {
      deadline.clear();
    }
  }

  /**
   * The answer as soon as its headers are there, whatever its status; who calls reads the body.
   * Rejects with what fetch throws, and with a PlatformError for a path or redirect that is refused.
   */
  async open(call: Call, options: CallOptions, signal: AbortSignal): Promise<Response> {
    const { clock, trace } = this.#parts;
    const began = clock.monotonic();
    const sentAt = clock.now();
    const url = this.#url(call);
    const response = await this.#follow(url, call, options, signal);
    const ms = Math.round(clock.monotonic() - began);
    trace?.(`${call.method} ${url.pathname}${url.search}: ${response.status} in ${ms} ms`);
    const date = Date.parse(response.headers.get("date") ?? "");
    // Four digits of a year are what a cursor file and a query can hold.
    if (date >= 0 && date < Date.UTC(9999)) this.#serverClock.note(date, sentAt);
    this.rateLimit = readRateLimit(response.headers) ?? this.rateLimit;
    return response;
  }

  /** The error for an answer that is no success, from its body. */
  async refusal(call: Call, response: Response, deadline: Deadline): Promise<PlatformError> {
    const received = await receive(response, { ...call, deadline, now: this.serverNow() });
    return response.ok
      ? undecodableError(call.what, received)
      : answerError(call.what, received, this.#parts.secrets);
  }

  /** What a call's end without a whole answer means. */
  explained(call: Call, error: unknown, deadline: Deadline, answered: boolean): PlatformError {
    // ofetch wraps the network's error; what matters is inside.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    for (const known of [error, cause]) if (known instanceof PlatformError) return known;
    const { baseUrl } = this.#parts;
    return networkError(call.what, baseUrl, deadline.expired ?? cause, call.deadlineMs, answered);
  }

  #url({ what, path, query }: Call): URL {
    // An escape would not help: %2e%2e climbs just as well (WHATWG URL, 4.5).
    if (path.some((segment) => /^\.\.?$/.test(segment))) {
      throw new PlatformError(`${what}: "." and ".." are no ids`, { verdict: "permanent" });
    }
    if (path.some(({ length }) => length === 0 || length > MAX_SEGMENT_CHARACTERS)) {
      throw new PlatformError(`${what}: an id has 1 to ${MAX_SEGMENT_CHARACTERS} characters`, {
        verdict: "permanent",
      });
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
      accept: call.accept ?? "application/json",
      "accept-encoding": "identity",
      "user-agent": userAgent,
      ...bodyHeaders(call),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(identity === undefined ? {} : { "x-workspace-id": identity }),
      // A hosted tenant takes its own origin for the org id (T8); it only ever compares https.
      ...(isHosted(baseUrl) ? { origin: baseUrl.origin } : {}),
      ...(orgId === undefined ? {} : { "x-molecule-org-id": orgId }),
      ...call.headers,
    };
  }

  /** Follows redirects as {@link nextHop} has it: the token goes nowhere else. */
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
        ...bodyOf(call),
        signal,
        redirect: "manual",
        keepalive: options.fresh !== true,
        ...BUN_OPTIONS,
        ...this.#tls,
        retry: false,
        ignoreResponseError: true,
        responseType: "stream",
      })) as Response;
      const hop = await nextHop(response, at, call.method, hops);
      if (hop === undefined) return response;
      if (hop.kind === "refused") {
        throw new PlatformError(
          `${call.what}: ${at.host} redirects to ${hop.to?.origin ?? "nowhere"}, which is not followed`,
          {
            verdict: "misaddressed",
            status: response.status,
            hint: "If that is where the platform lives now, give its address as --api-url.",
          },
        );
      }
      at = hop.to;
    }
  }
}

function bodyHeaders({ payload, body }: Call): Record<string, string> {
  if (payload === undefined) {
    return body === undefined ? {} : { "content-type": "application/json" };
  }
  // Without its length a stream goes in chunks, which not every server takes.
  return { "content-type": payload.contentType, "content-length": String(payload.size) };
}

function bodyOf({ payload, body }: Call): { body?: string | ReadableStream<Uint8Array> } {
  if (payload !== undefined) return { body: payload.stream() };
  return body === undefined ? {} : { body: JSON.stringify(body) };
}

/** Only https tenants compare `Origin`; a plain local server would take us for the web UI. */
function isHosted(baseUrl: URL): boolean {
  return baseUrl.protocol === "https:" && !isLoopback(baseUrl.hostname);
}
