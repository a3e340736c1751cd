/** Who may talk to whom, and where they are (contract 2.9). */
import { refuse } from "./answers.ts";
import { bearer, mayReach } from "./auth.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import { canonicalId } from "./workspace-store.ts";
import { present } from "./workspaces.ts";

/**
 * GET /registry/discover/:id: the address of a workspace, for another one which names itself in X-Workspace-ID and shows its
 * token. 503 where it has none, as most in poll mode: they are reached through /a2a alone.
 */
export function discover(call: Call<"id">): Response {
  const { dev, request } = call;
  const { id } = call.params;
  const header = request.headers.get("x-workspace-id")?.trim() ?? "";
  if (header === "") refuse(400, "X-Workspace-ID header is required");
  const caller = canonicalId(header);
  const token = bearer(request);
  if (token === undefined) refuse(401, "missing caller auth token");
  if (dev.database.tokens.owner(token) !== caller) refuse(401, "invalid caller auth token");
  // Before it is known whether there is such a workspace: an unknown one can't be told from others.
  if (!mayReach(dev, caller, id)) {
    refuse(403, "access denied: these workspaces may not talk to each other");
  }
  const { url, name, status } = present(call);
  if (url === "") refuse(503, "workspace has no URL", { status });
  return Response.json({ id, url, name });
}

/** POST /registry/check-access: whether one workspace may send to another. Anyone may ask. */
export async function checkAccess({ dev, request }: Call): Promise<Response> {
  const body = await Fields.of(request);
  const caller = canonicalId(body.string("caller_id") ?? "");
  const target = canonicalId(body.string("target_id") ?? "");
  if (caller === "" || target === "") refuse(400, "caller_id and target_id are required");
  return Response.json({ allowed: mayReach(dev, caller, target) });
}
