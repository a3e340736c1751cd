/** POST /registry/register (contract 2.1) and POST /registry/update-card (2.9). */
import type { DeliveryMode, RegisterResponse } from "../contract/types.ts";
import { isUuid } from "../shared/ids.ts";
import { getString, type JsonObject } from "../shared/json.ts";
import { refuse } from "./answers.ts";
import { authorizeAgent, isBound } from "./auth.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import { urlProblem } from "./push-url.ts";
import { canonicalId, type WorkspaceRow } from "./workspace-store.ts";

/**
 * An agent says that it is there, and how it takes messages: the workspace is online. An unknown
 * UUID makes a workspace. `auth_token` is in the answer only where no token had to be shown.
 */
export async function register({ dev, request }: Call): Promise<Response> {
  const { revision } = dev;
  const { workspaces, tokens } = dev.database;
  const body = await Fields.of(request);
  const id = canonicalId(body.string("id") ?? "");
  const card = body.object("agent_card");
  const url = body.string("url") ?? "";
  if (id === "" || card === undefined) refuse(400, "invalid request body");
  const sentMode = readDeliveryMode(body);
  authorizeAgent(dev, request, id);

  const mode = sentMode ?? workspaces.find(id)?.delivery_mode ?? "push";
  if (mode === "push") await checkPushUrl(url);
  const cardUrl = revision.checksCardUrl ? getString(card, "url") : undefined;
  const problem = cardUrl === undefined ? undefined : await urlProblem(cardUrl);
  if (problem !== undefined) refuse(400, `agent_card.url rejected: ${problem}`);
  // The column is a UUID: anything else fails there, a permanent error that looks transient (T23).
  if (!isUuid(id)) refuse(500, "registration failed");

  const answer = dev.database.transaction((): RegisterResponse => {
    if (workspaces.find(id) === undefined) workspaces.insert({ id, name: id, status: "online" });
    const row = workspaces.find(id);
    if (row === undefined) return refuse(500, "registration failed");
    // Of no effect on a removed workspace, which is given a token all the same; it opens no door.
    workspaces.change(id, {
      status: revision.keptByRegister.includes(row.status) ? row.status : "online",
      delivery_mode: mode,
      url,
      agent_card: JSON.stringify(completeCard(card, row)),
      last_heartbeat_at: dev.clock.now(),
    });
    const removed = row.status === "removed";
    return {
      status: "registered",
      delivery_mode: mode,
      ...(isBound(dev, id) ? {} : { auth_token: tokens.mint(id, "instance") }),
      ...(removed ? {} : { platform_inbound_secret: workspaces.inboundSecret(row).secret }),
    };
  });
  if (workspaces.find(id)?.status === "online") {
    dev.events.emitStatus(id, "online", { delivery_mode: mode });
  } else {
    dev.events.changed(id);
  }
  return Response.json(answer);
}

/** POST /registry/update-card (contract 2.9): the card is stored as it comes. */
export async function updateCard({ dev, request }: Call): Promise<Response> {
  const body = await Fields.of(request);
  const id = canonicalId(body.string("workspace_id") ?? "");
  const card = body.object("agent_card");
  if (id === "" || card === undefined) refuse(400, "invalid request body");
  authorizeAgent(dev, request, id);
  if (!isUuid(id)) refuse(500, "failed to update");
  const row = dev.database.workspaces.find(id);
  // Like the heartbeat, it is 200 also where there is nothing to write to.
  if (row !== undefined && row.status !== "removed") {
    dev.database.workspaces.change(id, { agent_card: JSON.stringify(card) });
    dev.events.emit(id, "AGENT_CARD_UPDATED", { workspace_id: id, agent_card: card });
  }
  return Response.json({ status: "updated" });
}

/** The field of a body; undefined when it is absent or empty, 400 for another mode. */
export function readDeliveryMode(body: Fields): DeliveryMode | undefined {
  const mode = body.string("delivery_mode") ?? "";
  if (mode === "") return undefined;
  return mode === "push" || mode === "poll"
    ? mode
    : refuse(400, "delivery_mode must be push or poll");
}

/** 400 unless messages could be sent to this address. */
export async function checkPushUrl(url: string): Promise<void> {
  if (url === "") refuse(400, "url is required for push-mode workspaces");
  const problem = await urlProblem(url, { loopback: true });
  if (problem !== undefined) refuse(400, `url rejected: ${problem}`);
}

/** A card says the workspace's own name where it gives none, or just the id. */
function completeCard(card: JsonObject, row: WorkspaceRow): JsonObject {
  const sentName = getString(card, "name");
  const name = sentName === undefined || sentName === row.id ? row.name : sentName;
  return {
    ...card,
    name,
    description: getString(card, "description") ?? name,
    ...(row.role === null || getString(card, "role") !== undefined ? {} : { role: row.role }),
  };
}
