/** The endpoints on what has happened: as it happens (contract 2.11), and afterwards (3.6). */
import type { StructureEvent } from "../contract/events.ts";
import type { Call } from "./call.ts";
import type { LoggedEvent } from "./event-log.ts";
import { readCount, readTime } from "./query.ts";
import { canonicalId } from "./workspace-store.ts";
import { toTime } from "./workspace-view.ts";
import { present } from "./workspaces.ts";

const LISTED_EVENTS = 100;
const DEFAULT_AUDIT_LIMIT = 100;
const MAX_AUDIT_LIMIT = 500;

/** Server-sent events of one workspace; a hint that there is something to fetch, and no more. */
export function streamEvents(call: Call<"id">): Response {
  const { id } = present(call);
  return new Response(call.dev.events.subscribe(id), {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      // Asks what stands in between not to hold frames back.
      "x-accel-buffering": "no",
    },
  });
}

/** The newest events of the workspace of the path, else of all. */
export function listEvents({ dev, params }: Call<never, "id">): Response {
  const events = dev.database.events.newest(LISTED_EVENTS, params.id);
  return Response.json(events.map(toStructureEvent));
}

/** What happened to a workspace, and whether the record of it is as it was written. */
export function showAudit({ dev, params: { id }, query }: Call<"id">): Response {
  const log = dev.database.events;
  const limit = Math.min(readCount(query, "limit") || DEFAULT_AUDIT_LIMIT, MAX_AUDIT_LIMIT);
  const range = {
    from: readTime(query, "from"),
    to: readTime(query, "to"),
    limit,
    offset: readCount(query, "offset"),
  };
  // A workspace is the one agent that it has, and here nothing has a session.
  const agent = canonicalId(query.get("agent_id") || id);
  const known = agent === id && !query.get("session_id");
  const { events, total } = known ? log.within(id, range) : { events: [], total: 0 };
  return Response.json({ events: events.map(toAudit), total, chain_valid: log.isIntact(id) });
}

function toStructureEvent({ created_at, ...event }: LoggedEvent): StructureEvent {
  const { id, event_type, workspace_id, payload } = event;
  return { id, event_type, workspace_id, payload, created_at: toTime(created_at) ?? "" };
}

function toAudit(event: LoggedEvent) {
  const { id, event_type, workspace_id, payload, created_at, previous_hash, hash } = event;
  return {
    id,
    timestamp: toTime(created_at),
    operation: event_type,
    workspace_id,
    agent_id: workspace_id,
    session_id: null,
    payload,
    previous_hash,
    hash,
  };
}
