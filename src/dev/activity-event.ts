/** What subscribers hear of a row of the feed (contract 2.11). */
import type { JsonObject } from "../shared/json.ts";
import { clipBytes } from "../shared/text.ts";
import type { NewActivity } from "./activity-store.ts";
import type { Events } from "./events.ts";

/** Section 7: the row itself has all of it. */
const MAX_ERROR_BYTES = 4_096;

/**
 * Tells of a new row, without its id; who watches in this process learns its `seq`. A notice of the
 * agent has an event of its own.
 */
export function tellOf(events: Events, row: NewActivity, seq: number): void {
  events.row(seq);
  if (row.method === "notify") return;
  events.emit(row.workspace_id, "ACTIVITY_LOGGED", dataOf(row));
}

function dataOf({ message_id: _, error_detail, ...row }: NewActivity): JsonObject {
  const error =
    error_detail == null ? {} : { error_detail: clipBytes(error_detail, MAX_ERROR_BYTES) };
  return { source_id: null, duration_ms: null, ...row, ...error };
}
