/** The activity feed for somebody who looks on: by view, newest first, whoever's rows they are. */
import type { Database } from "bun:sqlite";
import type { ActivityRow } from "../contract/types.ts";
import { shownTime, type Place } from "./activity-store.ts";
import { OF_CANVAS, OF_PEERS } from "./schema.ts";

/**
 * `conversation`: with the canvas, and what the agent says of its progress. `peers`: messages of
 * other workspaces to this one, and of this one to others. `activity`: every row of this one.
 */
export type FeedView = "conversation" | "peers" | "activity";

/** A row as it lies in the database. Its `created_at` has nine digits. */
export interface ViewedRow extends Omit<
  ActivityRow,
  "request_body" | "response_body" | "tool_trace" | "seq"
> {
  seq: number;
  /** JSON text; null also for one of more than {@link MAX_BODY_BYTES}. */
  request_body: string | null;
  response_body: string | null;
  /** Bytes of each as it is stored, 0 where there is none. */
  request_bytes: number;
  response_bytes: number;
}

export interface ViewedPage {
  /** Newest first. */
  rows: ViewedRow[];
  /** The place to read on before; undefined where nothing is older. */
  next: Place | undefined;
}

/** A page has so many rows at most. */
export const PAGE_ROWS = 100;

/** With so much in it, a page ends early: rows of 16 MiB each would hold up all others for seconds. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** More than any message may have: only an agent's answer to a push is longer. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;

/** Where rows of a view are found: a condition on the workspace, and the index for it. */
type Scope = [where: string, index: string];

const SCOPES: Record<FeedView, readonly Scope[]> = {
  activity: [["workspace_id = ?", "activities_in_order"]],
  conversation: [[`workspace_id = ? AND ${OF_CANVAS}`, "activities_of_canvas"]],
  peers: [
    [`workspace_id = ? AND ${OF_PEERS}`, "activities_of_peers"],
    [`source_id = ? AND ${OF_PEERS}`, "activities_to_peers"],
  ],
};

const body = (name: string) =>
  `iif(octet_length(${name}_body) > ${MAX_BODY_BYTES}, NULL, ${name}_body) AS ${name}_body,
   coalesce(octet_length(${name}_body), 0) AS ${name}_bytes`;

const COLUMNS = `id, seq, created_at, workspace_id, activity_type, status, source_id, target_id,
  method, summary, error_detail, duration_ms, ${body("request")}, ${body("response")}`;

const WHOLE = `id, workspace_id, activity_type, source_id, target_id, method, summary, status,
  error_detail, duration_ms, created_at, seq, request_body, response_body`;

export class ActivityViews {
  readonly #sqlite: Database;

  constructor(sqlite: Database) {
    this.#sqlite = sqlite;
  }

  /** The rows of a view of the workspace before this place, else the newest. Costs what is in it. */
  page(workspaceId: string, view: FeedView, before?: Place): ViewedPage {
    const places = SCOPES[view]
      .flatMap((scope) => this.#newest(scope, workspaceId, before))
      .sort(newestFirst);
    let bytes = 0;
    // Of those beyond it only one is looked at: whether there is any.
    const cut = places.findIndex((place, n) => {
      const isFull = n === PAGE_ROWS || bytes > PAGE_BYTES;
      bytes += place.bytes;
      return isFull;
    });
    const taken = cut < 0 ? places : places.slice(0, cut);
    const last = cut < 0 ? undefined : taken.at(-1);
    return {
      rows: taken.flatMap(({ seq }) => this.ofSeq(seq) ?? []),
      next: last && { created_at: last.created_at, seq: last.seq },
    };
  }

  /** The row of this seq; undefined where there is none any more. */
  ofSeq(seq: number): ViewedRow | undefined {
    const row = this.#sqlite
      .query<ViewedRow, [number]>(`SELECT ${COLUMNS} FROM activities WHERE seq = ?`)
      .get(seq);
    return row ?? undefined;
  }

  /**
   * A row as the feed has it, as JSON text; undefined where there is none. Its bodies are put in as
   * they are stored: to parse and write one that is nested absurdly deep may fail.
   */
  whole(id: string): string | undefined {
    const found = this.#sqlite
      .query<WholeRow, [string]>(`SELECT ${WHOLE} FROM activities WHERE id = ?`)
      .get(id);
    if (found === null) return undefined;
    const { request_body, response_body, ...row } = found;
    const head = JSON.stringify({ ...row, created_at: shownTime(row.created_at) });
    const bodies = Object.entries({ request_body, response_body })
      .filter(([, text]) => text !== null)
      .map(([name, text]) => `,"${name}":${text}`);
    return `${head.slice(0, -1)}${bodies.join("")}}`;
  }

  /** A page of places and one more. In two steps, as in {@link Activities.read}. */
  #newest([where, index]: Scope, id: string, before: Place | undefined): Weighed[] {
    const select = (limit: number, bound: string, ...values: (string | number)[]) =>
      this.#sqlite
        .query<Weighed, (string | number)[]>(
          `SELECT created_at, seq, coalesce(octet_length(request_body), 0)
             + coalesce(octet_length(response_body), 0) AS bytes
           FROM activities INDEXED BY ${index}
           WHERE ${where}${bound} ORDER BY created_at DESC, seq DESC LIMIT ?`,
        )
        .all(id, ...values, limit);
    if (before === undefined) return select(PAGE_ROWS + 1, "");
    const { created_at, seq } = before;
    const tied = select(PAGE_ROWS + 1, " AND created_at = ? AND seq < ?", created_at, seq);
    return [...tied, ...select(PAGE_ROWS + 1 - tied.length, " AND created_at < ?", created_at)];
  }
}

type WholeRow = Omit<ViewedRow, "request_bytes" | "response_bytes">;

/** A place in the feed, and the bytes of the bodies there. */
type Weighed = Place & { bytes: number };

function newestFirst(a: Place, b: Place): number {
  if (a.created_at !== b.created_at) return a.created_at > b.created_at ? -1 : 1;
  return b.seq - a.seq;
}
