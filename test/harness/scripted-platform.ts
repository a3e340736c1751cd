/**
 * A platform that answers as a test scripts it, over a real socket: for statuses, delays and
 * nonsense that the embedded platform rightly never gives. Routes that are not scripted behave.
 */
import type { ActivityRow } from "../../src/contract/types.ts";
import { Bell } from "./wait.ts";

/** `workspace` is our own, `peer` another; the last three are files from and to the canvas. */
export type RouteName =
  | "register"
  | "heartbeat"
  | "activity"
  | "events"
  | "a2a"
  | "notify"
  | "state"
  | "workspace"
  | "peer"
  | "download"
  | "acknowledge"
  | "upload";

export interface Seen {
  route: RouteName | "other";
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  /** JSON as a value, a form as FormData: what the test knows it to be. */
  body: any;
}

export type Handler = (seen: Seen, nth: number) => Response | Promise<Response>;

export const WORKSPACE = "11111111-1111-4111-8111-111111111111";
export const PEER = "22222222-2222-4222-8222-222222222222";
export const TOKEN = "tok-CanaryCanaryCanaryCanaryCanaryCanary01234";

/**
 * Rows are of now, since a first run looks back for seconds only: of the last platform's start, as
 * this module lives as long as all test files together.
 */
let start = now();

/** An inbound row as the platform writes it; `n` seconds after the platform's start. */
export function row(n: number, change: Partial<ActivityRow> & { text?: string } = {}): ActivityRow {
  const { text, ...fields } = change;
  const id = `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, "0")}`;
  return {
    id,
    workspace_id: WORKSPACE,
    activity_type: "a2a_receive",
    status: "ok",
    source_id: PEER,
    target_id: WORKSPACE,
    method: "message/send",
    summary: "message/send (queued for poll)",
    error_detail: null,
    duration_ms: null,
    created_at: new Date(start + n * 1000).toISOString(),
    request_body: {
      jsonrpc: "2.0",
      id: `rpc-${n}`,
      method: "message/send",
      params: {
        message: {
          role: "user",
          messageId: `msg-${n}`,
          parts: [{ kind: "text", text: text ?? `text ${n}` }],
        },
      },
    },
    ...fields,
  };
}

/** The row by which the platform shows a notice of ours in our own feed (contract 2.3, T3). */
export function echo(n: number, text: string, change: Partial<ActivityRow> = {}): ActivityRow {
  const { request_body: _, ...fields } = row(n, { method: "notify", source_id: null, ...change });
  return { ...fields, response_body: { result: text } };
}

export class ScriptedPlatform implements AsyncDisposable {
  /** The feed, oldest first. */
  rows: ActivityRow[] = [];
  readonly seen: Seen[] = [];
  readonly bell = new Bell();
  /** Calls whose answers a script holds back. */
  held = 0;
  readonly #handlers = new Map<RouteName, Handler>();
  readonly #counts = new Map<RouteName, number>();
  readonly #server: Bun.Server<undefined>;

  constructor() {
    start = now();
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Scripts a route; `nth` counts its calls from 1. Return `undefined` to behave. */
  on(
    route: RouteName,
    handler: (seen: Seen, nth: number) => Response | Promise<Response> | undefined,
  ): this {
    this.#handlers.set(route, handler as Handler);
    return this;
  }

  calls(route: RouteName): Seen[] {
    return this.seen.filter((s) => s.route === route);
  }

  /** Resolves once the route was called `count` times. */
  untilCalled(route: RouteName, count = 1): Promise<void> {
    return this.bell.until(() => this.calls(route).length >= count, `${count} calls of ${route}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const seen: Seen = {
      route: routeOf(request.method, url.pathname),
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await bodyOf(request),
    };
    this.seen.push(seen);
    this.bell.ring();
    if (seen.route === "other") return Response.json({ error: "not found" }, { status: 404 });
    const nth = (this.#counts.get(seen.route) ?? 0) + 1;
    this.#counts.set(seen.route, nth);
    const answer = this.#handlers.get(seen.route)?.(seen, nth);
    if (answer instanceof Promise) this.#hold(answer, request.signal);
    return (await answer) ?? this.#behave(seen);
  }

  /** Counts it among {@link held} until it is there, or nobody waits for it any more. */
  #hold(answer: Promise<unknown>, caller: AbortSignal): void {
    const end = Promise.withResolvers<void>();
    caller.addEventListener("abort", () => end.resolve());
    const over = () => {
      this.held -= 1;
      this.bell.ring();
    };
    this.held += 1;
    void Promise.race([answer, end.promise]).then(over, over);
  }

  #behave({ route, query, path, body }: Seen): Response {
    switch (route) {
      case "register":
        return Response.json({ status: "registered", delivery_mode: "poll" });
      case "heartbeat":
        return Response.json({ status: "ok" });
      case "activity":
        return Response.json(this.#page(query));
      case "events":
        return Response.json({ error: "not found" }, { status: 404 });
      case "a2a":
        return Response.json({ status: "queued", delivery_mode: "poll", method: "message/send" });
      case "notify":
        return Response.json({ status: "sent" });
      case "state":
        return Response.json({
          workspace_id: WORKSPACE,
          status: "online",
          paused: false,
          deleted: false,
        });
      case "download":
        return new Response("a file", { headers: { "content-type": "text/plain" } });
      case "acknowledge":
        return Response.json({ acked: true });
      case "upload":
        return Response.json({ files: body.getAll("files").map(describe) });
      case "peer":
        return Response.json({ id: path.split("/")[2], name: "peer", status: "online" });
      default:
        return Response.json({ id: WORKSPACE, name: "agent", status: "online" });
    }
  }

  #page(query: URLSearchParams): ActivityRow[] {
    const limit = Number(query.get("limit") ?? 100);
    const since = query.get("since_id");
    if (since !== null) {
      const at = this.rows.findIndex((r) => r.id === since);
      return this.rows.slice(at + 1, at + 1 + limit);
    }
    const before = query.get("before_ts");
    return this.rows
      .filter((r) => before === null || r.created_at.replace("Z", "000000Z") < before)
      .filter((r) => query.get("source") !== "canvas" || r.source_id === null)
      .reverse()
      .slice(0, limit);
  }
}

async function bodyOf(request: Request): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (type.startsWith("multipart/form-data")) return request.formData();
  const text = await request.text();
  return text === "" ? undefined : JSON.parse(text);
}

function describe({ name, type, size }: File) {
  const uri = `platform-pending:${WORKSPACE}/${crypto.randomUUID()}`;
  return { uri, name, mimeType: type, size };
}

/** Whole seconds, in milliseconds. */
function now(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}

function routeOf(method: string, path: string): RouteName | "other" {
  if (path === "/registry/register") return "register";
  if (path === "/registry/heartbeat") return "heartbeat";
  if (/^\/workspaces\/[^/]+\/activity$/.test(path) && method === "GET") return "activity";
  if (/^\/workspaces\/[^/]+\/events\/stream$/.test(path)) return "events";
  if (/^\/workspaces\/[^/]+\/a2a$/.test(path)) return "a2a";
  if (/^\/workspaces\/[^/]+\/notify$/.test(path)) return "notify";
  if (/^\/workspaces\/[^/]+\/state$/.test(path)) return "state";
  if (/^\/workspaces\/[^/]+\/pending-uploads\/[^/]+\/content$/.test(path)) return "download";
  if (/^\/workspaces\/[^/]+\/pending-uploads\/[^/]+\/ack$/.test(path)) return "acknowledge";
  if (/^\/workspaces\/[^/]+\/chat\/uploads$/.test(path)) return "upload";
  if (path === `/workspaces/${WORKSPACE}`) return "workspace";
  if (/^\/workspaces\/[^/]+$/.test(path)) return "peer";
  return "other";
}
