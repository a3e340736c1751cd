/** The routes of the page's API (wire.ts), below `/page/api`. All but `session` want its token. */
import { Refusal, refuse } from "../dev/answers.ts";
import { Fields, readBody, toObject } from "../dev/body.ts";
import type { Call } from "../dev/call.ts";
import { findRoute, route, type Found, type Route } from "../dev/router.ts";
import { showFile, upload } from "../dev/uploads.ts";
import { present } from "../dev/workspaces.ts";
import { messageOf, MoleculeError } from "../shared/errors.ts";
import { isUuid } from "../shared/ids.ts";
import type { Bridges } from "./bridges.ts";
import { requireToken } from "./guard.ts";
import { listRows, showRow } from "./listing.ts";
import { sendMessage } from "./messages.ts";
import type { Tickets } from "./tickets.ts";
import type { Watch } from "./watch.ts";
import type { Session } from "./wire.ts";

const MAX_TICKET_BODY_BYTES = 4_096;

/** As what a file's bytes are given out: a document must not run where our page runs. */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export interface Api {
  token: string;
  tickets: Tickets;
  bridges: Bridges | undefined;
  watch: Watch;
}

/** Answers a call of the API; `path` is what stands behind `/page/api`. Rejects with a Refusal. */
export async function answerApi(api: Api, call: Call, path: string): Promise<Response> {
  const { method } = call.request;
  const routes = routesOf(api);
  const found = findRoute(routes, method, path);
  if (found?.route.auth !== "open") requireToken(call.request, api.token);
  const { route, params } = found ?? refuseUnknown(routes, path);
  for (const value of Object.values(params)) if (!isUuid(value)) refuse(404, "not found");
  return route.handler({ ...call, params });
}

/** `page`: who has the page's token. `open`: anyone, or the endpoint looks itself. */
type Who = "page" | "open";

const routesOf = (api: Api): readonly Route<Who>[] => [
  route("GET", "/stream", "page", () => showStream(api)),
  route("GET", "/workspaces/:id/rows", "page", (call) => listRows(call, api.bridges)),
  route("GET", "/rows/:rowId", "page", showRow),
  route("POST", "/workspaces/:id/messages", "page", sendMessage),
  route("POST", "/workspaces/:id/files", "page", upload),
  route("GET", "/workspaces/:id/files/:fileId", "page", showBytes),
  route("POST", "/workspaces/:id/dead-letters/:activityId/retry", "page", (call) =>
    retry(call, api.bridges),
  ),
  route("POST", "/session", "open", (call) => openSession(call, api)),
];

function refuseUnknown(routes: readonly Route<Who>[], path: string): Found<Who> {
  const allowed = ["GET", "POST"].filter((method) => findRoute(routes, method, path));
  if (allowed.length === 0) refuse(404, "not found");
  return refuse(405, `this takes ${allowed.join(" and ")} only`, {}, { allow: allowed.join(", ") });
}

function showStream({ watch }: Api): Response {
  return new Response(watch.open(), {
    headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" },
  });
}

function showBytes(call: Call<"id" | "fileId">): Response {
  const response = showFile(call);
  const type = response.headers.get("content-type") ?? "";
  if (!PICTURES.includes(type)) response.headers.set("content-type", "application/octet-stream");
  return response;
}

async function retry(
  call: Call<"id" | "activityId">,
  bridges: Bridges | undefined,
): Promise<Response> {
  const { id } = present(call);
  try {
    if (await bridges?.retry(id, call.params.activityId)) {
      return Response.json({ status: "retried" });
    }
  } catch (error) {
    if (!(error instanceof MoleculeError)) throw error;
    const { hint } = error;
    throw new Refusal(503, messageOf(error), hint === undefined ? {} : { hint });
  }
  return refuse(404, "no message with this id was given up", {
    hint: "it may have been tried again meanwhile",
  });
}

async function openSession({ request }: Call, { tickets, token }: Api): Promise<Response> {
  const text = await readBody(request, { maxBytes: MAX_TICKET_BODY_BYTES, cuts: false });
  const body = new Fields(toObject(text) ?? refuse(400, "invalid request body"));
  if (!tickets.use(body.string("ticket") ?? "")) {
    refuse(401, "this link was used before, or is too old", {
      hint: "open the link that 'molecule dev' prints",
    });
  }
  return Response.json({ token } satisfies Session);
}
