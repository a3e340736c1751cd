/** GET /workspaces/:id/activity and POST …/activity/ack (contract 2.3). */
import type { ActivityRow } from "../contract/types.ts";
import { isUuid } from "../shared/ids.ts";
import { asObject, get, getArray, getString } from "../shared/json.ts";
import { formatTimestamp, parseTimestamp } from "../shared/timestamp.ts";
import type { ActivityQuery } from "./activity-store.ts";
import { refuse } from "./answers.ts";
import { Fields } from "./body.ts";
import type { Call, Dev } from "./call.ts";
import { canonicalId } from "./workspace-store.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;
const MAX_SINCE_SECS = 2_592_000;

/**
 * The feed: newest first, or with `since_id` oldest first from there on. An empty parameter counts
 * as absent.
 */
export function listActivity({ dev, params: { id }, query }: Call<"id">): Response {
  const given = (name: string) => query.get(name) || undefined;
  const rows = dev.database.activities.read(id, {
    type: given("type"),
    source: readSource(given("source")),
    from: readSince(given("since_secs"), dev.clock.now()),
    before: readBefore(given("before_ts")),
    peerId: readPeer(given("peer_id")),
    limit: readLimit(given("limit")),
    // Last, so that a bad parameter is told apart from a cursor that is gone.
    after: readCursor(dev, id, given("since_id")),
  });
  const { revision } = dev;
  const withPeers = revision.peerInfo && given("include")?.split(",").includes("peer_info");
  const shown = revision.seq ? rows : rows.map(withoutSeq);
  return Response.json(withPeers ? shown.map((row) => withPeerInfo(dev, row)) : shown);
}

/** Revision 2: notes up to where the agent has read; the mark only rises. */
export async function acknowledge({ dev, params: { id }, request }: Call<"id">): Promise<Response> {
  const { workspaces } = dev.database;
  const body = await Fields.of(request);
  const seq = body.integer("acked_seq") ?? -1;
  if (seq < 0) refuse(400, "acked_seq must be 0 or more");
  const row = workspaces.find(id) ?? refuse(404, "workspace not found");
  const last_acked_seq = Math.max(row.last_acked_seq, seq);
  workspaces.change(id, { last_acked_seq });
  return Response.json({ last_acked_seq });
}

function readSource(text: string | undefined): "canvas" | "agent" | undefined {
  if (text === undefined || text === "canvas" || text === "agent") return text;
  return refuse(400, "source must be canvas or agent");
}

function readLimit(text: string | undefined): number {
  const limit = /^[+-]?\d+$/.test(text ?? "") ? Number(text) : 0;
  return limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT;
}

function readSince(text: string | undefined, nowMs: number): string | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\+?\d+$/.test(text) ? Number(text) : 0;
  if (seconds <= 0) refuse(400, "since_secs must be a positive integer");
  const fromMs = nowMs - Math.min(seconds, MAX_SINCE_SECS) * 1_000;
  return formatTimestamp(BigInt(Math.floor(Math.max(fromMs, 0))) * 1_000_000n);
}

function readBefore(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  // RFC 3339 allows a space for the "T"; the platform's parser does not.
  const ns = text.includes(" ") ? undefined : parseTimestamp(text);
  if (ns === undefined || ns < 0n) refuse(400, "before_ts must be an RFC 3339 time");
  return formatTimestamp(ns);
}

function readPeer(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return isUuid(text) ? canonicalId(text) : refuse(400, "peer_id must be a UUID");
}

function readCursor(dev: Dev, id: string, text: string | undefined): ActivityQuery["after"] {
  if (text === undefined) return undefined;
  // The column is a UUID, and the database refuses to compare it with anything else.
  if (!isUuid(text)) refuse(500, "cursor lookup failed");
  const place =
    dev.database.activities.place(id, canonicalId(text)) ??
    refuse(410, "since_id is not a row of this workspace, or no longer; start over without it");
  return dev.revision.seq ? place : { created_at: place.created_at };
}

function withoutSeq({ seq: _, ...row }: ActivityRow): ActivityRow {
  return row;
}

/** Revision 2, `include=peer_info`: who sent it, and its files, read from the message. */
function withPeerInfo(dev: Dev, row: ActivityRow): ActivityRow & { [key: string]: unknown } {
  const peer = row.source_id === null ? undefined : dev.database.workspaces.find(row.source_id);
  const attachments = attachmentsOf(row.request_body);
  return {
    ...row,
    ...(peer === undefined
      ? {}
      : {
          peer_name: peer.name,
          peer_role: peer.role,
          agent_card_url: `${dev.url}/workspaces/${peer.id}`,
        }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

function attachmentsOf(body: unknown): unknown[] {
  const parts = getArray(get(get(body, "params"), "message"), "parts") ?? [];
  return parts.flatMap((part) => {
    const kind = getString(part, "kind") ?? "";
    const file = asObject(get(part, "file"));
    if (file === undefined || kind === "text") return [];
    const mime_type = getString(file, "mimeType") ?? getString(file, "mime_type");
    return [{ kind, uri: getString(file, "uri"), mime_type, name: getString(file, "name") }];
  });
}
