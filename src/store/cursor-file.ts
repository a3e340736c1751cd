/**
 * The text of `<workspace-id>.json`. The Go tool of the same name reads and writes `workspace_id`
 * and `last_since_id`; our further keys stand beside them, and keys of others are kept.
 */
import { asObject, get, parseJson, type JsonObject } from "../shared/json.ts";
import { formatTimestamp, parseTimestamp } from "../shared/timestamp.ts";
import { EMPTY_CURSOR, type Cursor } from "./store.ts";

const KEYS = [
  "workspace_id",
  "last_since_id",
  "settled_id",
  "settled_at",
  "window_start",
  "fetch_from_id",
];

export interface CursorFile {
  cursor: Cursor;
  /** Keys that we don't know. */
  others: JsonObject;
}

export const NEW_CURSOR_FILE: CursorFile = { cursor: EMPTY_CURSOR, others: {} };

/** Reads the file's text; throws an Error that says what is wrong with it. */
export function parseCursorFile(text: string, workspaceId: string): CursorFile {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch {
    throw new Error(text.trim() === "" ? "it is empty" : "it is not JSON");
  }
  const file = asObject(parsed);
  if (file === undefined) throw new Error("it is not a JSON object");
  const owner = get(file, "workspace_id");
  if (typeof owner !== "string" || owner === "") throw new Error("it names no workspace");
  if (owner !== workspaceId) throw new Error("it belongs to another workspace");
  const textOf = (key: string): string | undefined => {
    const value = get(file, key) ?? "";
    if (typeof value !== "string") throw new Error(`its "${key}" is not a text`);
    return value === "" ? undefined : value;
  };
  const timeOf = (key: string): string | undefined => {
    const value = textOf(key);
    if (value !== undefined && parseTimestamp(value) === undefined) {
      throw new Error(`its "${key}" is not a time`);
    }
    return value;
  };
  const lastSinceId = textOf("last_since_id");
  const settledId = textOf("settled_id");
  const settledAt = parseTimestamp(timeOf("settled_at"));
  const fetchFromId = textOf("fetch_from_id");
  return {
    cursor: {
      lastSinceId,
      settled:
        settledId === undefined || settledAt === undefined
          ? undefined
          : { id: settledId, at: formatTimestamp(settledAt) },
      windowStart: timeOf("window_start"),
      // It belongs to the cursor that it was written beside, and another program may have moved that.
      fetchFromId: settledId === lastSinceId ? fetchFromId : undefined,
    },
    others: Object.fromEntries(Object.entries(file).filter(([key]) => !KEYS.includes(key))),
  };
}

/** The text for the cursor; the Go tool's two keys come first, as it writes them. */
export function renderCursorFile({ cursor, others }: CursorFile, workspaceId: string): string {
  const file = {
    workspace_id: workspaceId,
    last_since_id: cursor.lastSinceId ?? "",
    ...(cursor.settled === undefined
      ? {}
      : { settled_id: cursor.settled.id, settled_at: cursor.settled.at }),
    ...(cursor.windowStart === undefined ? {} : { window_start: cursor.windowStart }),
    ...(cursor.fetchFromId === undefined ? {} : { fetch_from_id: cursor.fetchFromId }),
    ...others,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
