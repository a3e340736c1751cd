/** The platform's endpoints, one method each, on top of {@link Http}. Contract sections in brackets. */
import type {
  AgentCard,
  HeartbeatRequest,
  MessageSendRequest,
  NotifyRequest,
  RegisterRequest,
} from "../contract/types.ts";
import { get, getString } from "../shared/json.ts";
import { oneLine } from "../shared/text.ts";
import type { Secrets } from "../shared/secrets.ts";
import { Http, type HttpParts } from "./http.ts";
import {
  PlatformError,
  type ActivityQuery,
  type CallOptions,
  type Platform,
  type RateLimit,
  type Registration,
} from "./platform.ts";

const SHORT_MS = 10_000;
const PAGE_MS = 30_000;
/** A push peer answers on the open request, for up to half an hour (2.4.5). */
const SEND_MS = 31 * 60_000;

const SMALL = 1024 * 1024;
/** One row may hold a 16 MiB request (2.4.2); a page that holds more is asked for in smaller ones. */
const PAGE_BYTES = 40 * SMALL;
/** What a push agent's answer may have at revision 1 (2.4.2). We only look for an error in it. */
const SEND_BYTES = 10 * SMALL;

export interface ClientParts extends HttpParts {
  /** The workspace whose own routes are called. */
  workspaceId: string;
}

export class PlatformClient implements Platform {
  readonly #http: Http;
  readonly #id: string;
  readonly #secrets: Secrets;

  constructor(parts: ClientParts) {
    this.#http = new Http(parts);
    this.#id = parts.workspaceId;
    this.#secrets = parts.secrets;
  }

  serverNow(): number {
    return this.#http.serverNow();
  }

  rateLimit(): RateLimit | undefined {
    return this.#http.rateLimit;
  }

  /** POST /registry/register (2.1), always with an explicit poll mode (T12). */
  async register(card: AgentCard, options?: CallOptions): Promise<Registration> {
    const body: RegisterRequest = { id: this.#id, agent_card: card, delivery_mode: "poll" };
    const answer = await this.#post("registering", ["registry", "register"], body, options);
    this.#learn(answer);
    const authToken = getString(answer, "auth_token");
    this.#secrets.add(authToken);
    return { authToken };
  }

  /** POST /registry/heartbeat (2.2), on a connection of its own: presence waits for nothing. */
  async heartbeat(
    report: Omit<HeartbeatRequest, "workspace_id">,
    options?: CallOptions,
  ): Promise<void> {
    const body: HeartbeatRequest = { workspace_id: this.#id, ...report };
    const path = ["registry", "heartbeat"];
    this.#learn(await this.#post("heartbeat", path, body, { ...options, fresh: true }));
  }

  /** GET /workspaces/:id/activity (2.3). */
  async activity(query: ActivityQuery, options?: CallOptions): Promise<unknown[]> {
    const { body } = await this.#http.call(
      {
        what: "fetching messages",
        method: "GET",
        path: ["workspaces", this.#id, "activity"],
        query: {
          type: "a2a_receive",
          limit: String(query.limit),
          since_id: query.sinceId,
          since_secs: query.sinceSecs?.toString(),
          before_ts: query.beforeTs,
          source: query.source,
        },
        deadlineMs: PAGE_MS,
        maxBytes: PAGE_BYTES,
      },
      options,
    );
    if (Array.isArray(body)) return body;
    throw new PlatformError("fetching messages: 200, but not a list of rows", {
      verdict: "transient",
    });
  }

  /** POST /workspaces/:target/a2a (2.4). */
  async send(targetId: string, request: MessageSendRequest, options?: CallOptions) {
    const { body } = await this.#http.call(
      {
        what: "sending",
        method: "POST",
        path: ["workspaces", targetId, "a2a"],
        body: request,
        deadlineMs: SEND_MS,
        maxBytes: SEND_BYTES,
        anyBody: true,
      },
      options,
    );
    const error = get(body, "error");
    const complaint = typeof error === "string" ? error : getString(error, "message");
    const queued = getString(body, "status") === "queued" || get(body, "queued") === true;
    // Masked before it is cut, lest half a secret remain.
    const note = complaint === undefined ? undefined : oneLine(this.#secrets.mask(complaint));
    return { queued, body, note };
  }

  /** POST /workspaces/:id/notify (2.5). */
  async notify(message: string, options?: CallOptions): Promise<void> {
    const body: NotifyRequest = { message };
    await this.#post("telling the canvas", ["workspaces", this.#id, "notify"], body, options);
  }

  /** GET /workspaces/:id (2.8). */
  async workspace(options?: CallOptions): Promise<{ name: string | undefined }> {
    const body = await this.#read("looking up the workspace", ["workspaces", this.#id], options);
    return { name: getString(body, "name") };
  }

  /** GET /workspaces/:id/state (2.7). */
  async state(options?: CallOptions): Promise<{ status: string | undefined; paused: boolean }> {
    const body = await this.#read(
      "looking up the workspace",
      ["workspaces", this.#id, "state"],
      options,
    );
    return { status: getString(body, "status"), paused: get(body, "paused") === true };
  }

  async #post(
    what: string,
    path: string[],
    body: unknown,
    options?: CallOptions,
  ): Promise<unknown> {
    const call = {
      what,
      method: "POST",
      path,
      body,
      deadlineMs: SHORT_MS,
      maxBytes: SMALL,
    } as const;
    return (await this.#http.call(call, options)).body;
  }

  async #read(what: string, path: string[], options?: CallOptions): Promise<unknown> {
    const call = { what, method: "GET", path, deadlineMs: SHORT_MS, maxBytes: SMALL } as const;
    return (await this.#http.call(call, options)).body;
  }

  /** T29: the secret of the other direction comes with every beat and belongs in no log. */
  #learn(answer: unknown): void {
    this.#secrets.add(getString(answer, "platform_inbound_secret"));
  }
}
