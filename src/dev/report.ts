/** POST /workspaces/:id/notify (contract 2.5) and POST /workspaces/:id/activity (2.6). */
import { isUuid } from "../shared/ids.ts";
import { getNumber, getString, type JsonObject } from "../shared/json.ts";
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

/** So many characters of a notice stand in its row's summary. */
const PREVIEW_CHARACTERS = 80;

/**
 * A message to the canvas user. Its row comes back in the agent's own feed and looks like one from
 * that user but for its method and its missing request_body (T3, table of 2.3).
 */
export async function notify({ dev, id, request }: Call): Promise<Response> {
  const body = await Fields.of(request, "message is required");
  const message = body.string("message") ?? "";
  if (message === "") refuse(400, "message is required");
  const files = (body.array("attachments") ?? []).map(toFilePart);
  const row = dev.database.workspaces.find(id);
  if (row === undefined || row.status === "removed") refuse(404, "workspace not found");
  if (row.talk_to_user_enabled === 0) {
    refuse(403, "talk_to_user_disabled", {
      hint: "an administrator has switched off messages of this workspace to the user",
    });
  }
  dev.database.activities.add({
    workspace_id: id,
    activity_type: "a2a_receive",
    method: "notify",
    status: "ok",
    summary: `Agent message: ${[...message].slice(0, PREVIEW_CHARACTERS).join("")}`,
    response_body: { result: message, ...(files.length === 0 ? {} : { parts: files }) },
  });
  return Response.json({ status: "sent" });
}

/** What an agent tells of itself. 200 also when the row can't be stored (contract 2.6). */
export async function reportActivity({ dev, id, request }: Call): Promise<Response> {
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
  if (storable) dev.database.activities.add(entry);
  return Response.json({ status: "logged" });
}

function toFilePart(attachment: unknown, index: number): JsonObject {
  const uri = getString(attachment, "uri");
  const name = getString(attachment, "name");
  if (uri === undefined || name === undefined) {
    refuse(400, `attachment[${index}]: uri and name are required`);
  }
  const mimeType = getString(attachment, "mimeType");
  const size = getNumber(attachment, "size");
  return {
    kind: "file",
    file: {
      uri,
      name,
      ...(mimeType === undefined ? {} : { mimeType }),
      ...(size === undefined ? {} : { size }),
    },
  };
}
