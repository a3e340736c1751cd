/** Rows of the past, as the page asks for them. */
import type { Place } from "../dev/activity-store.ts";
import { refuse } from "../dev/answers.ts";
import type { Call } from "../dev/call.ts";
import { present } from "../dev/workspaces.ts";
import { parseTimestamp } from "../shared/timestamp.ts";
import type { Bridges } from "./bridges.ts";
import { mayStand, toPageRow } from "./rows.ts";
import type { PageRow, RowPage, Standing, View } from "./wire.ts";

const VIEWS: readonly View[] = ["conversation", "peers", "activity"];

/** `GET workspaces/:id/rows?view=&before=`: a RowPage. */
export async function listRows(call: Call<"id">, bridges: Bridges | undefined): Promise<Response> {
  const { dev, query } = call;
  const { id } = present(call);
  const view = VIEWS.find((name) => name === query.get("view"));
  if (view === undefined) refuse(400, `view must be one of ${VIEWS.join(", ")}`);
  const found = dev.database.views.page(id, view, readPlace(query.get("before")));
  const rows = found.rows.map(toPageRow);
  const standings = await standingsOf(rows, bridges);
  const page: RowPage = {
    rows: rows.map((row) => {
      const standing = standings.get(row.id);
      return standing === undefined ? row : { ...row, standing };
    }),
    next: found.next === undefined ? null : `${found.next.created_at}_${found.next.seq}`,
  };
  return Response.json(page);
}

/** `GET rows/:rowId`: the row as the feed has it. */
export function showRow({ dev, params: { rowId } }: Call<"rowId">): Response {
  const text = dev.database.views.whole(rowId) ?? refuse(404, "there is no such row");
  return new Response(text, { headers: { "content-type": "application/json" } });
}

/** The `next` of a page, as it was given out. */
function readPlace(text: string | null): Place | undefined {
  if (text === null) return undefined;
  const [, created_at = "", digits = ""] = /^([\d:.TZ-]{30})_(\d{1,16})$/.exec(text) ?? [];
  const seq = Number(digits);
  if (parseTimestamp(created_at) === undefined || !Number.isSafeInteger(seq)) {
    refuse(400, "before must be the next of a page");
  }
  return { created_at, seq };
}

/** Of all rows that a bridge may know, each asked of the bridge of its own workspace. */
async function standingsOf(
  rows: readonly PageRow[],
  bridges: Bridges | undefined,
): Promise<ReadonlyMap<string, Standing>> {
  if (bridges === undefined) return new Map();
  const asked = Map.groupBy(rows.filter(mayStand), ({ workspaceId }) => workspaceId);
  const found = await Promise.all(
    [...asked].map(([workspaceId, own]) =>
      bridges.standings(
        workspaceId,
        own.map(({ id, at }) => ({ id, at })),
      ),
    ),
  );
  return new Map(found.flatMap((standings) => [...standings]));
}
