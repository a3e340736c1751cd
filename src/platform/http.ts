/**
 * One HTTP call to the platform: the home of headers, deadlines, body caps, redirects and decoding.
 * It never retries; who calls decides that.
 */
import { createFetch } from "ofetch";
import type { Clock } from "../shared/clock.ts";
import { parseRetryAfter } from "../shared/backoff.ts";
import { parseJson } from "../shared/json.ts";
import { UsageError } from "../shared/errors.ts";
import { answerError, networkError, undecodableError, type Received } from "./failure.ts";
import { PlatformError, type CallOptions } from "./platform.ts";

export interface HttpParts {
  /** As {@link parseApiUrl} gave it. */
  baseUrl: URL;
  /** Sent as `X-Workspace-ID`, so that a bad token is a 401 and never a stranger's voice (T26). */
  identity: string | undefined;
  orgId: string | undefined;
  userAgent: string;
  /** The bearer of the moment: it may change while the program runs (T18). */
  token(): string | undefined;
  clock: Clock;
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

// A thin layer on purpose: ofetch's own retries, timeout and parsing have traps that we can't have.
const ofetch = createFetch({
  // Looked up at the time of the call, so that a program around us may replace it.
  fetch: ((input: string | URL | Request, init?: RequestInit) =>
    globalThis.fetch(input, init)) as typeof fetch,
  Headers,
  AbortController,
});

/**
 * Checks a base URL: http or https, no credentials, query or fragment. A path is kept; a trailing
 * slash makes no difference. Throws a UsageError.
 */
export function parseApiUrl(text: string, named = "--api-url"): URL {
  const hint = "It looks like https://tenant.example.com or http://localhost:8080.";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`${named} is not a URL`, hint);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UsageError(`${named} must begin with http:// or https://`, hint);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(`${named} must not hold a user name or password`, hint);
  }
  if (url.search !== "" || url.hash !== "") {
    throw new UsageError(`${named} must end before any "?" or "#"`, hint);
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

export class Http {
  readonly #parts: HttpParts;
  /** The server's clock less ours, in milliseconds. */
  #skewMs = 0;

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
    try {
      const response = await this.#follow(url, call, options, deadline.signal);
      const received = await this.#receive(response, call, deadline);
      if (response.status < 200 || response.status > 299) throw answerError(call.what, received);
      if (received.body === undefined && call.anyBody !== true) {
        throw undecodableError(call.what, received);
      }
      return { status: response.status, body: received.body };
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      // ofetch wraps the network's error; what matters is inside.
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw networkError(call.what, url, deadline.expired ?? cause, call.deadlineMs);
    } finally {
      deadline.clear();
    }
  }

  #url({ path, query }: Call): URL {
    const url = new URL(this.#parts.baseUrl);
    url.pathname = [url.pathname.replace(/\/$/, ""), ...path.map(encodeURIComponent)].join("/");
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
    if (!Number.isNaN(date)) this.#skewMs = date - clock.now();
    const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
    const isJson = type === "" || type === "application/json" || type?.endsWith("+json") === true;
    const text = await readCapped(response, call, deadline);
    const received: Received = {
      status: response.status,
      body: undefined,
      undecodable: undefined,
      empty: text.trim() === "",
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), clock.now()),
    };
    if (received.empty) return received;
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

/** Decoded bytes are what counts: a small compressed body can unfold to gigabytes. */
async function readCapped(response: Response, call: Call, deadline: Deadline): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    size += chunk.byteLength;
    if (size > call.maxBytes) {
      deadline.abort();
      throw new PlatformError(
        `${call.what}: the answer is larger than ${Math.round(call.maxBytes / 1024)} KiB`,
        { verdict: "transient", status: response.status, unreadable: true },
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * A deadline that covers headers and body, joined with the caller's signal. Made by hand:
 * AbortSignal.any on a signal that lives for months keeps something for every call.
 */
class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuter = () => this.abort();
  /** Set once the time is up. */
  expired: Error | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.expired = new DOMException("the deadline passed", "TimeoutError");
      this.abort();
    }, ms);
    if (outer?.aborted) this.abort();
    outer?.addEventListener("abort", this.#onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onOuter);
  }
}

/** Only https tenants compare `Origin`; a plain local server would take us for the web UI. */
function isHosted(baseUrl: URL): boolean {
  const host = baseUrl.hostname;
  const loopback =
    host === "localhost" ||
    host === "[::1]" ||
    host.startsWith("127.") ||
    host.endsWith(".localhost");
  return baseUrl.protocol === "https:" && !loopback;
}
