/** One request, from the door to the log: front, limit, faults, origin, tenant, route, token, endpoint. */
import { Refusal, refuse } from "./answers.ts";
import { authorize } from "./auth.ts";
import type { Dev } from "./call.ts";
import { isLocalRequest } from "./local.ts";
import { bucketOf, rateHeaders, type RateLimiter, type Verdict } from "./rate-limit.ts";
import { findRoute } from "./router.ts";
import { ROUTES } from "./routes.ts";
import { refuseStranger } from "./tenant.ts";

/** A line for the log. */
export interface RequestLine {
  method: string;
  /** Without its query. */
  path: string;
  /** 444 where a fault on demand ended the connection without an answer. */
  status: number;
  ms: number;
}

/**
 * What stands before the platform's own endpoints: undefined where the request is not for it. A
 * Refusal that it throws is the answer.
 */
export type Front = (
  request: Request,
  url: URL,
  dev: Dev,
) => Response | Promise<Response> | undefined;

export interface Hooks {
  /** Asked first of all: rate limit, faults and organisation are the platform's own. */
  front?: Front;
  /** Called after each request. */
  onRequest?(line: RequestLine): void;
  /** Called with what an endpoint should not have thrown; the caller hears nothing of it. */
  onError?(error: unknown): void;
}

/**
 * Answers a request; never rejects. The limiter comes before everything of the platform, so that
 * failing calls count too, and its headers are on every answer (contract 1.8). `address` is the caller's.
 */
export async function handle(
  dev: Dev,
  limiter: RateLimiter | undefined,
  hooks: Hooks,
  request: Request,
  address: string,
): Promise<Response> {
  const startedAt = dev.clock.monotonic();
  // A request without a Host has a URL without one.
  const url = URL.parse(request.url, dev.url);
  const path = url?.pathname ?? "/";
  const response =
    (await fromFront(dev, hooks, request, url)) ??
    (await fromPlatform(dev, limiter?.take(bucketOf(request, address)), hooks, request, url));
  const ms = dev.clock.monotonic() - startedAt;
  hooks.onRequest?.({ method: request.method, path, status: response.status, ms });
  return response;
}

function fromFront(
  dev: Dev,
  hooks: Hooks,
  request: Request,
  url: URL | null,
): Promise<Response | undefined> | undefined {
  const { front } = hooks;
  if (front === undefined || url === null) return undefined;
  return orRefusal(hooks, () => front(request, url, dev));
}

async function fromPlatform(
  dev: Dev,
  verdict: Verdict | undefined,
  hooks: Hooks,
  request: Request,
  url: URL | null,
): Promise<Response> {
  const path = url?.pathname ?? "/";
  const respond = () =>
    orRefusal(hooks, () => answer(dev, verdict, request, path, url?.searchParams));
  const response = await dev.faults.around(path, respond);
  if (verdict !== undefined) {
    for (const [name, value] of rateHeaders(verdict)) response.headers.set(name, value);
  }
  return response;
}

async function orRefusal<T extends Response | undefined>(
  hooks: Hooks,
  work: () => T | Promise<T>,
): Promise<T | Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return error.toResponse();
    hooks.onError?.(error);
    return new Refusal(500, "internal error").toResponse();
  }
}

async function answer(
  dev: Dev,
  verdict: Verdict | undefined,
  request: Request,
  path: string,
  query: URLSearchParams = new URLSearchParams(),
): Promise<Response> {
  if (verdict?.allowed === false) {
    const seconds = verdict.resetSeconds;
    const headers = { "Retry-After": String(seconds) };
    refuse(429, "rate limit exceeded", { retry_after: seconds }, headers);
  }
  if (!isLocalRequest(request)) {
    refuse(403, "this development platform answers only to pages and programs of this machine");
  }
  const stranger = refuseStranger(dev, request, path);
  if (stranger !== undefined) return stranger;
  const routes = ROUTES[dev.revision.name];
  const found = findRoute(routes, request.method, path) ?? refuse(404, "not found");
  const call = { dev, request, query, params: found.params };
  authorize(found.route.auth, call);
  return found.route.handler(call);
}
