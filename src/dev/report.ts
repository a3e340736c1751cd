/** POST /workspaces/:id/activity: what an agent tells of itself (contract 2.6). */
import { isUuid } from "../shared/ids.ts";
import { refuse } from "./answers.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import { canonicalId } from "./workspace-store.ts";

const ACTIVITY_TYPES = [
  "a2a_send",
  "a2a_receive",
  "task_update",
  "agent_log",
  "skill_promotion",
  "memory_write",
  "error",
];

/** What an agent tells of itself. 200 also when the row can't be stored (contract 2.6). */
export async function reportActivity({
  dev,
  params: { id },
  request,
}: Call<"id">): Promise<Response> {
  const body = await Fields.of(request);
  const type = body.string("activity_type") ?? "";
  if (!ACTIVITY_TYPES.includes(type)) {
    refuse(400, `activity_type must be one of ${ACTIVITY_TYPES.join(", ")}`);
  }
  const source = body.string("source_id") ?? "";
  if (source !== "" && canonicalId(source) !== id) refuse(403, "source_id must be this workspace");
  const target = body.string("target_id") ?? "";
  const entry = {
    workspace_id: id,
    activity_type: type,
    source_id: id,
    target_id: target === "" ? null : canonicalId(target),
    method: body.string("method"),
    summary: body.string("summary"),
    status: body.string("status") || "ok",
    error_detail: body.string("error_detail"),
    duration_ms: body.integer("duration_ms"),
    request_body: body.any("request_body") ?? body.any("metadata"),
    response_body: body.any("response_body"),
  };
  const storable = (target === "" || isUuid(target)) && dev.database.workspaces.find(id);
  if (storable) await dev.feed.add(entry);
  return Response.json({ status: "logged" });
}
