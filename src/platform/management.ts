/**
 * The platform as the operator's commands see it. Answers are the platform's JSON, checked only to be
 * an object or a list: what it says reaches the operator under its own names. Contract sections in brackets.
 */
import { getString, type JsonObject } from "../shared/json.ts";
import { oneLine } from "../shared/text.ts";
import { Http, type HttpParts } from "./http.ts";
import { type JsonCallOptions, JsonCalls } from "./json-calls.ts";
import { listen } from "./listen.ts";
import { type CallOptions, PlatformError, type RateLimit, type StreamSign } from "./platform.ts";

/** A page of 500 rows may hold many long messages (2.3). */
const PAGE_MS = 30_000;
const PAGE_BYTES = 64 * 1024 * 1024;

/** Parameters of GET /workspaces/:id/activity (2.3). Times are RFC 3339. */
export interface ActivityFilter {
  limit: number;
  type?: string | undefined;
  source?: "canvas" | "agent" | undefined;
  sinceId?: string | undefined;
  /** Whole seconds, at least 1. */
  sinceSecs?: number | undefined;
  beforeTs?: string | undefined;
  peerId?: string | undefined;
}

/** How a workspace is removed (3.1). */
export interface Removal {
  /** Its name, which revision 2 wants to hear. */
  name: string;
  /** Also those below it. */
  cascade: boolean;
  /** Leave nothing of it. */
  purge: boolean;
}

/** All calls reject with a {@link PlatformError} and have a deadline of their own. */
export class Management {
  readonly #parts: HttpParts;
  readonly #calls: JsonCalls;

  /** As {@link JsonCalls} has it; `again: false` for who has no time to wait. */
  constructor(parts: HttpParts, options?: JsonCallOptions) {
    this.#parts = parts;
    this.#calls = new JsonCalls(parts, options);
  }

  /** The server's clock in milliseconds, from the last `Date` seen; our own before that. */
  serverNow(): number {
    return this.#calls.serverNow();
  }

  /** What the last answer said of the rate limit (1.8); undefined where it named none. */
  rateLimit(): RateLimit | undefined {
    return this.#calls.rateLimit();
  }

  /** GET /health (2.12): no token, not even a tenant's header is looked at. */
  health(): Promise<JsonObject> {
    return this.#calls.get("asking for its health", ["health"]);
  }

  /** GET /buildinfo (1.9). */
  buildInfo(): Promise<JsonObject> {
    return this.#calls.get("asking for its build", ["buildinfo"]);
  }

  /** GET /admin/liveness (3.6): when each subsystem last gave a sign of life. */
  liveness(): Promise<JsonObject> {
    return this.#calls.get("asking for its subsystems", ["admin", "liveness"]);
  }

  /** GET /workspaces (3.1): all that are not removed. */
  workspaces(): Promise<JsonObject[]> {
    return this.#calls.list("listing workspaces", ["workspaces"]);
  }

  /**
   * GET /workspaces/:id (2.8): open to all; `gone` where it was removed, unless those count too. An answer
   * about another workspace is refused.
   */
  async workspace(id: string, { removed = false } = {}): Promise<JsonObject> {
    const query = removed ? { include_removed: "true" } : {};
    const row = await this.#calls.get("looking up the workspace", ["workspaces", id], query);
    const told = getString(row, "id");
    if (told === undefined || told.toLowerCase() === id.toLowerCase()) return row;
    throw new PlatformError(
      `looking up the workspace: asked for ${id}, the platform answered about ${oneLine(told, 60)}`,
      {
        verdict: "transient",
        status: 200,
        hint: "Check --api-url; or something in between is answering in the platform's place.",
      },
    );
  }

  /** POST /workspaces (3.1). An external one without a `url` brings the only copy of its token. */
  createWorkspace(body: JsonObject): Promise<JsonObject> {
    return this.#calls.send("creating the workspace", "POST", ["workspaces"], { body, slow: true });
  }

  /** PATCH /workspaces/:id (3.1). */
  changeWorkspace(id: string, body: JsonObject): Promise<JsonObject> {
    return this.#calls.send("changing the workspace", "PATCH", ["workspaces", id], { body });
  }

  /** DELETE /workspaces/:id (3.1), confirmed in both revisions' ways. */
  deleteWorkspace(id: string, { name, cascade, purge }: Removal): Promise<JsonObject> {
    return this.#calls.send("deleting the workspace", "DELETE", ["workspaces", id], {
      query: { ...(cascade ? { confirm: "true" } : {}), ...(purge ? { purge: "true" } : {}) },
      // Header values are bytes: the name goes as UTF-8, each byte as one character.
      headers: { "x-confirm-name": Buffer.from(name, "utf8").toString("latin1") },
      slow: true,
    });
  }

  /** POST …/restart (3.1); an external workspace answers `noop`. */
  restart(id: string, body: JsonObject = {}): Promise<JsonObject> {
    const path = ["workspaces", id, "restart"];
    return this.#calls.send("restarting the workspace", "POST", path, { body, slow: true });
  }

  /** POST …/pause (3.1): it and all below it. */
  pause(id: string): Promise<JsonObject> {
    return this.#calls.send("pausing the workspace", "POST", ["workspaces", id, "pause"]);
  }

  /** POST …/resume (3.1). */
  resume(id: string): Promise<JsonObject> {
    const path = ["workspaces", id, "resume"];
    return this.#calls.send("resuming the workspace", "POST", path, { slow: true });
  }

  /** PATCH …/abilities (3.1). */
  changeAbilities(id: string, body: JsonObject): Promise<JsonObject> {
    const path = ["workspaces", id, "abilities"];
    return this.#calls.send("changing its abilities", "PATCH", path, { body });
  }

  /** POST …/external/rotate (3.1): a new token, and every older one is dead. */
  rotate(id: string): Promise<JsonObject> {
    return this.#calls.send("rotating the token", "POST", ["workspaces", id, "external", "rotate"]);
  }

  /** GET …/state (2.7): answers to a token of this very workspace only. */
  state(id: string): Promise<JsonObject> {
    return this.#calls.get("looking up its state", ["workspaces", id, "state"]);
  }

  /** GET …/activity (2.3): newest first, or with `sinceId` oldest first from there on. */
  activity(id: string, filter: ActivityFilter, options?: CallOptions): Promise<JsonObject[]> {
    const query = {
      limit: String(filter.limit),
      type: filter.type,
      source: filter.source,
      since_id: filter.sinceId,
      since_secs: filter.sinceSecs?.toString(),
      before_ts: filter.beforeTs,
      peer_id: filter.peerId,
    };
    const path = ["workspaces", id, "activity"];
    const limits = { deadlineMs: PAGE_MS, maxBytes: PAGE_BYTES };
    return this.#calls.list("reading its activity", path, query, limits, options);
  }

  /**
   * Listens to GET …/events/stream (2.11), to which a token of this workspace and an operator's answer: `hear` is
   * called with each sign on it. Resolves when the platform ends it. The deadline is for its opening alone.
   */
  events(id: string, hear: (sign: StreamSign) => void, options?: CallOptions): Promise<void> {
    return listen(new Http(this.#parts), id, hear, options);
  }

  /** GET …/budget (3.6), in cents. */
  budget(id: string): Promise<JsonObject> {
    return this.#calls.get("looking at its budget", ["workspaces", id, "budget"]);
  }

  /** GET /registry/:id/peers (2.9). */
  peers(id: string, search?: string): Promise<JsonObject[]> {
    return this.#calls.list("listing its peers", ["registry", id, "peers"], { q: search });
  }

  /** GET …/a2a/queue/:queueId (2.4.6): a message that waits for the busy workspace `id`. */
  queued(id: string, queueId: string): Promise<JsonObject> {
    const path = ["workspaces", id, "a2a", "queue", queueId];
    return this.#calls.get("looking at its queue", path);
  }

  /** POST …/delegate (3.2): `id` hands a task to another workspace. */
  delegate(id: string, body: JsonObject): Promise<JsonObject> {
    return this.#calls.send("delegating", "POST", ["workspaces", id, "delegate"], { body });
  }

  /** GET …/delegations (3.2): the newest 50 at most. */
  delegations(id: string): Promise<JsonObject[]> {
    return this.#calls.list("listing its delegations", ["workspaces", id, "delegations"]);
  }

  /** GET …/tokens (3.4): never the tokens themselves. */
  tokens(id: string, { limit = 200, offset = 0 } = {}): Promise<JsonObject[]> {
    const query = { limit: String(limit), offset: String(offset) };
    return this.#calls.inside("tokens", "listing its tokens", ["workspaces", id, "tokens"], query);
  }

  /** POST …/tokens (3.4): the answer has the only copy. */
  createToken(id: string): Promise<JsonObject> {
    return this.#calls.send("creating a token", "POST", ["workspaces", id, "tokens"]);
  }

  /** DELETE …/tokens/:tokenId (3.4). */
  revokeToken(id: string, tokenId: string): Promise<JsonObject> {
    return this.#calls.send("revoking the token", "DELETE", ["workspaces", id, "tokens", tokenId]);
  }

  /** GET /org/tokens (3.4). */
  orgTokens(): Promise<JsonObject[]> {
    return this.#calls.inside("tokens", "listing the organisation's tokens", ["org", "tokens"]);
  }

  /** POST /org/tokens (3.4): ten an hour; the answer has the only copy. */
  createOrgToken(name: string): Promise<JsonObject> {
    return this.#calls.send("creating a token", "POST", ["org", "tokens"], { body: { name } });
  }

  /** DELETE /org/tokens/:id (3.4). */
  revokeOrgToken(tokenId: string): Promise<JsonObject> {
    return this.#calls.send("revoking the token", "DELETE", ["org", "tokens", tokenId]);
  }
}
