/** The endpoints that stop and start workspaces (contract 3.1). */
import type { WorkspaceStatus } from "../contract/types.ts";
import { refuse } from "./answers.ts";
import type { Call, Dev } from "./call.ts";
import { isExternal } from "./connection.ts";
import type { WorkspaceRow } from "./workspace-store.ts";
import { present } from "./workspaces.ts";

/** Pauses a workspace and all below it. Heartbeats and register leave it paused. */
export function pause(call: Call<"id">): Response {
  const row = present(call);
  const all = [row, ...call.dev.database.workspaces.descendants(row.id)];
  for (const { id } of all) setStatus(call.dev, id, "paused");
  return Response.json({ status: "paused", paused_count: all.length });
}

/**
 * The way back from pause, and for the workspace itself from hibernation: `provisioning`, which the
 * next heartbeat makes `online`.
 */
export function resume(call: Call<"id">): Response {
  const row = present(call);
  refusePausedParent(call.dev, row);
  const below = call.dev.database.workspaces.descendants(row.id);
  const stopped = [row, ...below].filter(
    ({ id, status }) => status === "paused" || (id === row.id && status === "hibernated"),
  );
  for (const { id } of stopped) setStatus(call.dev, id, "provisioning");
  return Response.json({ status: "provisioning", resumed_count: stopped.length });
}

/** An external agent is nobody's here to restart, which is no error; others would need containers. */
export function restart(call: Call<"id">): Response {
  const row = present(call);
  refusePausedParent(call.dev, row);
  if (!isExternal(row.runtime)) {
    refuse(503, "this development platform has no containers to restart", { runtime: row.runtime });
  }
  return Response.json({
    status: "noop",
    runtime: row.runtime,
    message: "the agent of an external workspace is restarted where it runs",
  });
}

/** Puts a workspace to sleep; 409 while its agent works, unless `force=true`. */
export function hibernate(call: Call<"id">): Response {
  const { id, active_tasks } = present(call);
  if (active_tasks > 0 && call.query.get("force") !== "true") {
    refuse(409, "the workspace has active tasks", {
      active_tasks,
      hint: "wait until they are done, or add ?force=true",
    });
  }
  setStatus(call.dev, id, "hibernated");
  return Response.json({ status: "hibernated" });
}

function setStatus({ database, events }: Dev, id: string, status: WorkspaceStatus): void {
  database.workspaces.change(id, { status });
  events.emitStatus(id, status);
}

function refusePausedParent({ database }: Dev, { parent_id }: WorkspaceRow): void {
  const parent = parent_id === null ? undefined : database.workspaces.find(parent_id);
  if (parent?.status === "paused") refuse(409, "the parent workspace is paused; resume it first");
}
