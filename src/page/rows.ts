/** Rows of the feed as the page shows them. */
import type { ViewedRow } from "../dev/activity-views.ts";
import { clip } from "../shared/text.ts";
import { NOTHING, readAnswered, readNotified, readSent, saidText, TOO_LONG } from "./said.ts";
import type { PageRow, Said } from "./wire.ts";

/** Agents may report rows with words of any length. */
const MAX_WORD_CHARACTERS = 200;
const MAX_LINE_CHARACTERS = 4_000;

/** The row, digested; where it stands is not known here. Never throws. */
export function toPageRow(row: ViewedRow): PageRow {
  const kind = kindOf(row);
  return {
    id: row.id,
    seq: row.seq,
    at: row.created_at,
    workspaceId: row.workspace_id,
    kind,
    type: row.activity_type,
    method: word(row.method),
    sourceId: word(row.source_id),
    targetId: word(row.target_id),
    status: word(row.status) ?? "",
    summary: line(row.summary),
    error: line(row.error_detail),
    durationMs: row.duration_ms,
    ...contentOf(kind, row),
  };
}

/** Whether a bridge may have to do with the row: where it stands is worth asking. */
export function mayStand({ kind }: PageRow): boolean {
  return kind === "user" || kind === "peer";
}

/** The same rule as that of the views (src/dev/schema.ts). */
function kindOf(row: ViewedRow): PageRow["kind"] {
  if (row.activity_type === "task_update" && (row.summary ?? "") !== "") return "progress";
  if (row.activity_type !== "a2a_receive") return "other";
  if (row.source_id !== null) return row.source_id === row.workspace_id ? "other" : "peer";
  if (row.method === "chat_upload_receive") return "other";
  return row.method === "notify" ? "agent" : "user";
}

function contentOf(
  kind: PageRow["kind"],
  row: ViewedRow,
): { said: Said; answer: Said | null; messageId: string | null } {
  const none = { messageId: null, answer: null };
  switch (kind) {
    case "other":
      return { ...none, said: NOTHING };
    case "progress":
      return { ...none, said: saidText(row.summary ?? "") };
    case "agent":
      return {
        ...none,
        said: isUnread(row, "response") ? TOO_LONG : readNotified(row.response_body),
      };
    case "user":
    case "peer": {
      const { response_body } = row;
      const answered = response_body === null ? null : readAnswered(response_body);
      const answer = isUnread(row, "response") ? TOO_LONG : answered;
      if (isUnread(row, "request")) return { messageId: null, said: TOO_LONG, answer };
      const { said, messageId } = readSent(row.request_body);
      return { said, messageId: word(messageId), answer };
    }
  }
}

function isUnread(row: ViewedRow, which: "request" | "response"): boolean {
  return row[`${which}_body`] === null && row[`${which}_bytes`] > 0;
}

function word(text: string | null): string | null {
  return text === null ? null : clip(text, MAX_WORD_CHARACTERS);
}

function line(text: string | null): string | null {
  return text === null ? null : clip(text, MAX_LINE_CHARACTERS);
}
