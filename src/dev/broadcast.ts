/** POST /workspaces/:id/broadcast (contract 3.1, 2.3). */
import { refuse } from "./answers.ts";
import { mayReach } from "./auth.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import { present } from "./workspaces.ts";

/** So many characters of a broadcast reach the others. */
const SHOWN_CHARACTERS = 120;

/**
 * Tells all workspaces that this one may send to. Each has a row of a type of its own, with the text
 * in its summary alone, so that nobody takes it for a request.
 */
export async function broadcast(call: Call<"id">): Promise<Response> {
  const { dev } = call;
  const body = await Fields.of(call.request, "message is required");
  const message = body.string("message") ?? "";
  if (message === "") refuse(400, "message is required");
  const sender = present(call);
  if (sender.broadcast_enabled === 0) {
    refuse(403, "broadcast_disabled", {
      hint: "an administrator has to switch on broadcast_enabled for this workspace",
    });
  }
  const receivers = dev.database.workspaces
    .all()
    .filter(({ id }) => id !== sender.id && mayReach(dev, sender.id, id));
  const summary = [...message].slice(0, SHOWN_CHARACTERS).join("");
  await dev.feed.addTogether(
    receivers.map(({ id }) => ({
      workspace_id: id,
      activity_type: "broadcast_receive",
      method: "broadcast",
      status: "ok",
      source_id: sender.id,
      target_id: id,
      summary,
    })),
  );
  const data = { source_id: sender.id, source_name: sender.name, message };
  for (const { id } of receivers) dev.events.emit(id, "BROADCAST_MESSAGE", data);
  dev.database.workspaces.change(sender.id, { last_outbound_at: dev.clock.now() });
  return Response.json({ status: "sent", delivered: receivers.length });
}
