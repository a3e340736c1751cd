/** The endpoints on workspaces but for their making and changing (contract 2.7, 2.8, 2.9, 3.1). */
import { isUuid } from "../shared/ids.ts";
import { refuse } from "./answers.ts";
import { Fields } from "./body.ts";
import type { Call, Dev } from "./call.ts";
import type { WorkspaceChange, WorkspaceRow } from "./workspace-store.ts";
import { toListed, toPeer, toState, toTime, toWorkspace } from "./workspace-view.ts";

/** All that are not removed, with what only administrators may see. */
export function listWorkspaces({ dev }: Call): Response {
  const rows = dev.database.workspaces.all();
  return Response.json(rows.map((row) => toListed(row, dev.revision)));
}

/** Open to all, and so the one call that tells why a token is refused (contract 2.8). */
export function showWorkspace({ dev, params: { id }, query }: Call<"id">): Response {
  if (!isUuid(id)) refuse(400, "invalid workspace ID");
  const row = dev.database.workspaces.find(id) ?? refuse(404, "workspace not found");
  if (row.status === "removed" && query.get("include_removed") !== "true") {
    refuse(410, "workspace removed", {
      id,
      removed_at: toTime(row.removed_at),
      hint: "add ?include_removed=true to see it all the same",
    });
  }
  return Response.json(toWorkspace(row, dev.revision));
}

/** A removed workspace never comes here: its tokens are refused before (T10). */
export function showState(call: Call<"id">): Response {
  return Response.json(toState(present(call)));
}

/** Parent, siblings and children; revision 2 lists no siblings at the top, though they may talk. */
export function listPeers(call: Call<"id">): Response {
  const { workspaces } = call.dev.database;
  const { id, parent_id } = present(call);
  const parent = parent_id === null ? undefined : workspaces.find(parent_id);
  const family = [
    ...(parent === undefined || parent.status === "removed" ? [] : [parent]),
    ...siblings(call.dev, parent_id).filter((row) => row.id !== id),
    ...workspaces.children(id),
  ];
  const word = (call.query.get("q") ?? "").toLowerCase();
  const matches = ({ name, role }: WorkspaceRow) =>
    `${name}\n${role ?? ""}`.toLowerCase().includes(word);
  return Response.json(family.filter(matches).map(toPeer));
}

function siblings({ database, revision }: Dev, parentId: string | null): WorkspaceRow[] {
  if (parentId !== null) return database.workspaces.children(parentId);
  if (!revision.peers.rootSiblings) return [];
  return database.workspaces.all().filter((row) => row.parent_id === null);
}

/** Switches what the agent may do: broadcast, talk to the user. */
export async function changeAbilities(call: Call<"id">): Promise<Response> {
  const body = await Fields.of(call.request);
  const change: WorkspaceChange = {};
  for (const ability of ["broadcast_enabled", "talk_to_user_enabled"] as const) {
    const value = body.boolean(ability);
    if (value !== undefined) change[ability] = Number(value);
  }
  if (Object.keys(change).length === 0) {
    refuse(400, "give broadcast_enabled or talk_to_user_enabled");
  }
  const { id } = present(call);
  call.dev.database.workspaces.change(id, change);
  call.dev.events.changed(id);
  return Response.json({ status: "updated" });
}

/**
 * Removes a workspace and all below it; every token of theirs is dead from then on. Revision 1 asks
 * for no name, and says "removed" also where there is nothing to remove.
 */
export function deleteWorkspace({ dev, params: { id }, query, request }: Call<"id">): Response {
  const { workspaces, tokens } = dev.database;
  const purge = query.get("purge") === "true";
  const { checkedRemoval } = dev.revision;
  const row = isUuid(id) ? workspaces.find(id) : undefined;
  const gone = row === undefined || (row.status === "removed" && !purge);
  if (gone && !checkedRemoval) return removed(purge, 0);
  if (row === undefined) refuse(404, "workspace not found");
  if (gone) refuse(410, "workspace removed", { id });
  if (checkedRemoval && !isName(request.headers.get("x-confirm-name"), row.name)) {
    refuse(400, "destructive_action_requires_confirmation", {
      hint: "send the name of the workspace in the header X-Confirm-Name",
    });
  }
  const below = workspaces.descendants(id);
  if (below.length > 0 && query.get("confirm") !== "true") {
    refuse(409, "confirmation_required", {
      hint: "the workspace has children, which go with it: add ?confirm=true",
      children: below.map(({ id, name }) => ({ id, name })),
    });
  }
  dev.database.transaction(() => {
    for (const doomed of [...below, row]) {
      workspaces.change(doomed.id, { status: "removed", removed_at: dev.clock.now(), url: "" });
      tokens.revokeAll(doomed.id);
      if (purge) workspaces.purge(doomed.id);
    }
  });
  for (const doomed of [...below, row]) {
    dev.events.emitStatus(doomed.id, "removed", { name: doomed.name, purged: purge });
    dev.events.end(doomed.id);
  }
  return removed(purge, below.length);
}

function removed(purge: boolean, cascade_deleted: number): Response {
  return Response.json({ status: purge ? "purged" : "removed", cascade_deleted });
}

/** The workspace of the path; 404 where there is none or it is removed. */
export function present({ dev, params: { id } }: Call<"id">): WorkspaceRow {
  const row = dev.database.workspaces.find(id);
  return row === undefined || row.status === "removed" ? refuse(404, "workspace not found") : row;
}

/** Header values arrive byte by byte: a name in UTF-8 counts as well as one in Latin-1. */
function isName(header: string | null, name: string): boolean {
  if (header === null) return false;
  return header === name || Buffer.from(header, "latin1").toString("utf8") === name;
}
