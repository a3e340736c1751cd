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
import { PlatformFiles } from "./files.ts";
import { Http, type HttpParts } from "./http.ts";
import { listen } from "./listen.ts";
import {
  PlatformError,
  type ActivityQuery,
  type CallOptions,
  type DownloadOptions,
  type FileToUpload,
  type NotifyOptions,
  type Platform,
  type RateLimit,
  type RegisterOptions,
  type Registration,
  type Sink,
  type StreamSign,
  type UploadedFile,
  type Verdict,
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

/** A platform gives a name up to 255 characters. */
const MAX_NAME_CHARACTERS = 255;

/** A workspace that is unknown, removed, or not for our eyes. */
const NO_NAME: readonly Verdict[] = ["permanent", "gone", "forbidden"];

export interface ClientParts extends HttpParts {
  /** The workspace whose own routes are called. */
  workspaceId: string;
}

export class PlatformClient implements Platform {
  readonly #http: Http;
  readonly #files: PlatformFiles;
  readonly #id: string;
  readonly #secrets: Secrets;

  constructor(parts: ClientParts) {
    this.#http = new Http(parts);
    this.#files = new PlatformFiles(this.#http, parts.workspaceId);
    this.#id = parts.workspaceId;
    this.#secrets = parts.secrets;
  }

  serverNow(): number {
    return this.#http.serverNow();
  }

  rateLimit(): RateLimit | undefined {
    return this.#http.rateLimit;
  }

  /** POST /registry/register (2.1), always with an explicit mode (T12). */
  async register(card: AgentCard, options?: RegisterOptions): Promise<Registration> {
    const { push, ...rest } = options ?? {};
    const body: RegisterRequest = {
      id: this.#id,
      agent_card: card,
      ...(push === undefined
        ? { delivery_mode: "poll" }
        : { delivery_mode: "push", url: push.url }),
    };
    const answer = await this.#post("registering", ["registry", "register"], body, rest);
    const authToken = getString(answer, "auth_token");
    this.#secrets.add(authToken);
    return { authToken, inboundSecret: this.#learn(answer) };
  }

  /** POST /registry/heartbeat (2.2), on a connection of its own: presence waits for nothing. */
  async heartbeat(
    report: Omit<HeartbeatRequest, "workspace_id">,
    options?: CallOptions,
  ): Promise<{ inboundSecret: string | undefined }> {
    const body: HeartbeatRequest = { workspace_id: this.#id, ...report };
    const path = ["registry", "heartbeat"];
    const answer = await this.#post("heartbeat", path, body, { ...options, fresh: true });
    return { inboundSecret: this.#learn(answer) };
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
  async notify(message: string, options?: NotifyOptions): Promise<void> {
    const { attachments = [], ...rest } = options ?? {};
    const body: NotifyRequest = { message, ...(attachments.length === 0 ? {} : { attachments }) };
    await this.#post("telling the canvas", ["workspaces", this.#id, "notify"], body, rest);
  }

  download(fileId: string, sink: Sink, options: DownloadOptions) {
    return this.#files.download(fileId, sink, options);
  }

  acknowledge(fileId: string, options?: CallOptions): Promise<void> {
    return this.#files.acknowledge(fileId, options);
  }

  upload(file: FileToUpload, options?: CallOptions): Promise<UploadedFile> {
    return this.#files.upload(file, options);
  }

  /** GET /workspaces/:id (2.8). */
  async workspace(
    options?: CallOptions,
  ): Promise<{ name: string | undefined; url: string | undefined }> {
    const body = await this.#read("looking up the workspace", ["workspaces", this.#id], options);
    const url = get(body, "url");
    return { name: getString(body, "name"), url: typeof url === "string" ? url : undefined };
  }

  /** GET /workspaces/:id of another workspace (2.8), which is open to all. */
  async peerName(id: string, options?: CallOptions): Promise<string | undefined> {
    try {
      const body = await this.#read("looking up a peer", ["workspaces", id], options);
      return getString(body, "name")?.slice(0, MAX_NAME_CHARACTERS).toWellFormed();
    } catch (error) {
      if (error instanceof PlatformError && hasNoName(error)) return undefined;
      throw error;
    }
  }

  events(hear: (sign: StreamSign) => void, options?: CallOptions): Promise<void> {
    return listen(this.#http, this.#id, hear, options);
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
  #learn(answer: unknown): string | undefined {
    const secret = getString(answer, "platform_inbound_secret");
    this.#secrets.add(secret);
    return secret;
  }
}

function hasNoName({ verdict, failure: { status = 0 } }: PlatformError): boolean {
  return NO_NAME.includes(verdict) && [403, 404, 410].includes(status);
}
