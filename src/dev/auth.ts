/** Who may call what (contract 1.4, 1.7 and 2.4.1). */
import { isUuid } from "../shared/ids.ts";
import { refuse } from "./answers.ts";
import type { Call, Dev } from "./call.ts";
import { canonicalId } from "./workspace-store.ts";

/**
 * `open`: anyone, or the endpoint looks itself. `workspace`: a token of the workspace in the path,
 * or an administrator's. `agent`: a token of that workspace only. `admin`: the admin token, or one of
 * the organisation.
 */
export type Auth = "open" | "workspace" | "agent" | "admin";

/** 401 unless the caller may use a route of this kind. */
export function authorize(auth: Auth, { dev, request, params }: Call<never, "id">): void {
  if (auth === "open") return;
  const token = bearer(request);
  if (auth === "admin") {
    if (token === undefined) refuse(401, "missing admin auth token");
    if (!dev.isAdmin(token)) refuse(401, "invalid admin auth token");
    return;
  }
  if (token === undefined) refuse(401, "missing workspace auth token");
  if (auth === "workspace" && dev.isAdmin(token)) return;
  if (dev.database.tokens.owner(token) !== params.id) refuse(401, "invalid workspace auth token");
}

/**
 * Register and heartbeat (contract 2.1): open until the workspace has a token that binds it, then a
 * token of that workspace and nothing else. Hence open for unknown and removed ones.
 */
export function authorizeAgent(dev: Dev, request: Request, id: string): void {
  if (!isBound(dev, id)) return;
  const token = bearer(request);
  if (token === undefined) refuse(401, "missing workspace auth token");
  if (dev.database.tokens.owner(token) !== id) refuse(401, "invalid workspace auth token");
}

/** Whether the agent of this workspace has to show a token (contract 1.4). */
export function isBound({ database, revision }: Dev, id: string): boolean {
  return database.tokens.hasLive(id, revision.bindingToken);
}

/** Whether it is the agent itself who calls, on a route of kind `workspace`. */
export function isAgent({ dev, request }: Call): boolean {
  return !dev.isAdmin(bearer(request) ?? "");
}

/** The sender of an A2A message (contract 2.4.1): a workspace id, or null for the canvas user. */
export function senderOf(call: Call<"id">): string | null {
  const header = call.request.headers.get("x-workspace-id")?.trim() ?? "";
  if (/^(?:webhook|system|test|channel):/.test(header)) refuse(403, "invalid caller ID");
  return call.dev.revision.provenSenders ? provenSender(call, header) : namedSender(call, header);
}

/** Revision 2: the token says who it is, and a header must agree. */
function provenSender({ dev, request }: Call, header: string): string | null {
  const token = bearer(request);
  if (token === undefined) refuse(401, "missing caller auth token");
  if (header === "" && dev.isAdmin(token)) return null;
  const owner = dev.database.tokens.owner(token);
  if (owner === undefined) refuse(401, "invalid caller auth token");
  if (header !== "" && (!isUuid(header) || canonicalId(header) !== owner)) {
    refuse(401, "caller ID does not match workspace auth token");
  }
  return owner;
}

/**
 * Revision 1: a header is believed of a workspace without tokens, or of the target itself; without
 * a header whatever is no token of a workspace makes a canvas user (T26).
 */
function namedSender({ dev, request, params: { id } }: Call<"id">, header: string): string | null {
  const token = bearer(request);
  const owner = token === undefined ? undefined : dev.database.tokens.owner(token);
  if (header === "") return owner ?? null;
  const named = canonicalId(header);
  if (named === owner || named === id || !dev.database.tokens.hasLive(named)) return named;
  return refuse(401, `${token === undefined ? "missing" : "invalid"} caller auth token`);
}

/** Contract 2.4.3: to whom a workspace may send. */
export function mayReach(dev: Dev, senderId: string, targetId: string): boolean {
  if (senderId === targetId) return true;
  const { workspaces } = dev.database;
  const sender = workspaces.find(senderId);
  const target = workspaces.find(targetId);
  if (sender === undefined || target === undefined) return false;
  if (sender.parent_id === target.parent_id) return true;
  return ancestors(dev, senderId).includes(targetId) || ancestors(dev, targetId).includes(senderId);
}

/** The token of the request, if it has one. */
export function bearer(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.get("authorization")?.trim() ?? "")?.[1];
}

const MAX_DEPTH = 32;

function ancestors(dev: Dev, id: string): string[] {
  const found: string[] = [];
  let parent = dev.database.workspaces.find(id)?.parent_id ?? null;
  while (parent !== null && found.length < MAX_DEPTH) {
    found.push(parent);
    parent = dev.database.workspaces.find(parent)?.parent_id ?? null;
  }
  return found;
}
