/** POST /workspaces/:id/notify: a message of the agent to the canvas user (contract 2.5). */
import { getNumber, getString, type JsonObject } from "../shared/json.ts";
import { refuse } from "./answers.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";

/** So many characters of a notice stand in its row's summary. */
const PREVIEW_CHARACTERS = 80;

/**
 * A message to the canvas user. Its row comes back in the agent's own feed and looks like one from
 * that user but for its method and its missing request_body (T3, table of 2.3).
 */
export async function notify({ dev, params: { id }, request }: Call<"id">): Promise<Response> {
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
  const attachments = files.length === 0 ? {} : { attachments: body.array("attachments") };
  dev.events.emit(id, "AGENT_MESSAGE", {
    workspace_id: id,
    name: row.name,
    message,
    ...attachments,
  });
  await dev.feed.add({
    workspace_id: id,
    activity_type: "a2a_receive",
    method: "notify",
    status: "ok",
    summary: `Agent message: ${[...message].slice(0, PREVIEW_CHARACTERS).join("")}`,
    response_body: {
      result: message,
      ...(files.length === 0 ? {} : { parts: [{ kind: "text", text: message }, ...files] }),
    },
  });
  return Response.json({ status: "sent" });
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
