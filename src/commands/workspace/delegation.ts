/** A delegation as the platform lists it (contract 3.2), in either of its two shapes. */
import { get, getString, type JsonObject, tryParseJson } from "../../shared/json.ts";

/**
 * What became of it in truth. A target in poll mode has only been handed the task when the platform
 * calls it completed, with its own "queued" as the result (T30): its answer comes in its own time.
 */
export type Outcome = "running" | "completed" | "failed" | "handed over";

export interface Delegation {
  id: string;
  targetId: string | undefined;
  /** The task, as far as it is listed. */
  task: string | undefined;
  /** The platform's word. */
  status: string | undefined;
  outcome: Outcome;
  /** The answer, as far as it is listed: 300 characters. */
  answer: string | undefined;
  error: string | undefined;
  createdAt: string | undefined;
  /** Of the ledger's rows only. */
  updatedAt: string | undefined;
}

/** So much of an answer is listed. */
export const PREVIEW_CHARACTERS = 300;

/** Reads a row; undefined for one that names no delegation. */
export function readDelegation(row: JsonObject): Delegation | undefined {
  const id = getString(row, "delegation_id") ?? getString(row, "id");
  if (id === undefined) return undefined;
  const preview = getString(row, "response_preview");
  const status = getString(row, "status");
  const handedOver = preview !== undefined && isQueued(preview);
  return {
    id,
    targetId: getString(row, "target_id"),
    task: getString(row, "summary"),
    status,
    outcome: handedOver ? "handed over" : outcomeOf(status),
    answer: handedOver ? undefined : preview,
    error: getString(row, "error"),
    createdAt: getString(row, "created_at"),
    updatedAt: getString(row, "updated_at"),
  };
}

/**
 * The one of this id among the rows, newest first. Rows of the activity log may tell of one delegation
 * several times: then the one that tells its end.
 */
export function findDelegation(rows: readonly JsonObject[], id: string): Delegation | undefined {
  const told = rows.map(readDelegation).filter((one) => one?.id === id);
  return told.find((one) => one?.outcome !== "running") ?? told[0];
}

/** Whether the text is what /a2a says of a message that it has queued (contract 2.4.4). */
export function isQueued(text: string): boolean {
  const said = tryParseJson(text);
  if (getString(said, "status") === "queued" && get(said, "delivery_mode") !== undefined)
    return true;
  // What was cut no longer parses.
  return (
    /^\s*\{/.test(text) && /"status"\s*:\s*"queued"/.test(text) && text.includes("delivery_mode")
  );
}

const RUNNING = ["pending", "queued", "delegated", "dispatched", "in_progress", "received"];

function outcomeOf(status: string | undefined): Outcome {
  if (status === undefined || RUNNING.includes(status)) return "running";
  return status === "completed" || status === "ok" ? "completed" : "failed";
}
