/** PATCH /workspaces/:id (contract 3.1). */
import { refuse } from "./answers.ts";
import { isAgent } from "./auth.ts";
import { Fields } from "./body.ts";
import type { Call, Dev } from "./call.ts";
import { readDirectory, readName, readParent } from "./create.ts";
import type { WorkspaceChange } from "./workspace-store.ts";
import { present } from "./workspaces.ts";

/** What the agent itself may not change in revision 2. */
const INFRASTRUCTURE = ["tier", "parent_id", "runtime", "workspace_dir"];

/** A change of these shows only in a new start. */
const NEEDS_RESTART = ["runtime", "workspace_dir"] as const;

/** Changes the fields that are in the body; null or "" takes a role, a parent or a folder away. */
export async function editWorkspace(call: Call<"id">): Promise<Response> {
  const { dev } = call;
  const body = await Fields.of(call.request);
  const row = present(call);
  const forbidden = INFRASTRUCTURE.filter((key) => body.has(key));
  if (dev.revision.guardsInfrastructure && forbidden.length > 0 && isAgent(call)) {
    refuse(403, `a workspace token may not change ${forbidden.join(", ")}`, {
      hint: "use an organisation token or the admin token",
    });
  }
  const change = readChange(dev, body, row.id);
  if (Object.keys(change).length > 0) {
    dev.database.workspaces.change(row.id, change);
    dev.events.changed(row.id);
  }
  const restart = NEEDS_RESTART.some((key) => key in change && change[key] !== row[key]);
  return Response.json({ status: "updated", ...(restart ? { needs_restart: true } : {}) });
}

function readChange(dev: Dev, body: Fields, id: string): WorkspaceChange {
  const change: WorkspaceChange = {};
  if (body.has("name")) change.name = readName(body);
  if (body.has("role")) change.role = body.limited("role", 1000) ?? null;
  if (body.has("tier")) change.tier = body.integer("tier") ?? refuse(400, "tier must be a number");
  if (body.has("parent_id")) change.parent_id = readNewParent(dev, body, id);
  if (body.has("runtime")) {
    change.runtime = body.limited("runtime", 100) ?? refuse(400, "runtime must not be empty");
  }
  if (body.has("workspace_dir")) change.workspace_dir = readDirectory(body);
  for (const key of ["x", "y"] as const) {
    if (body.has(key)) change[key] = body.number(key) ?? 0;
  }
  if (body.has("collapsed")) change.collapsed = Number(body.boolean("collapsed") ?? false);
  return change;
}

function readNewParent(dev: Dev, body: Fields, id: string): string | null {
  const parent = readParent(dev, body);
  const below = dev.database.workspaces.descendants(id).map((row) => row.id);
  if (parent !== null && [id, ...below].includes(parent)) {
    refuse(400, "parent_id must not be the workspace itself or one below it");
  }
  return parent;
}
