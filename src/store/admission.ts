/** Rows of the feed as they are entered in the journal. */
import { digestOf } from "./digest.ts";
import type { Sql } from "./sql.ts";
import type { Admission, NewMessage, NewRow } from "./store.ts";

/** How long a sender's id is remembered, to know a repeat (design, section 3, "Admit"). */
export const REPEAT_MS = 7 * 24 * 60 * 60 * 1000;

/** Enters one row, within a transaction, and tells what it is. */
export function admitRow(sql: Sql, row: NewRow, nowMs: number): Admission {
  const added = sql.get<{ n: number }>(
    `INSERT INTO seen (id, at, notice, entered_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING RETURNING n`,
    row.id,
    row.at,
    row.notice,
    nowMs,
  );
  if (added === undefined) return { kind: "known" };
  if (row.message === undefined) return { kind: "entered", reusedId: false };
  const keys = row.message.ids.map((id) => digestOf(row.message?.lane ?? "", id));
  const earlier = findRepeat(sql, keys, row.message.digest, nowMs);
  const reusedId = earlier === undefined && isReused(sql, keys, nowMs);
  const activityId = earlier?.activity_id ?? row.id;
  // A repeat does not make its message younger.
  const enteredMs = earlier?.entered_ms ?? nowMs;
  for (const key of keys) remember(sql, key, row.message.digest, activityId, enteredMs);
  if (earlier !== undefined) return { kind: "repeat", of: activityId };
  addMessage(sql, added.n, row, row.message);
  return { kind: "entered", reusedId };
}

interface SentId {
  activity_id: string;
  entered_ms: number;
}

function findRepeat(
  sql: Sql,
  keys: readonly string[],
  digest: string,
  nowMs: number,
): SentId | undefined {
  for (const key of keys) {
    const found = sql.get<SentId>(
      `SELECT activity_id, entered_ms FROM sent_ids
       WHERE key = ? AND digest = ? AND entered_ms > ?`,
      key,
      digest,
      nowMs - REPEAT_MS,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function isReused(sql: Sql, keys: readonly string[], nowMs: number): boolean {
  const query = "SELECT 1 FROM sent_ids WHERE key = ? AND entered_ms > ? LIMIT 1";
  return keys.some((key) => sql.get(query, key, nowMs - REPEAT_MS) !== undefined);
}

function remember(
  sql: Sql,
  key: string,
  digest: string,
  activityId: string,
  enteredMs: number,
): void {
  sql.run(
    `INSERT INTO sent_ids (key, digest, activity_id, entered_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (key, digest) DO UPDATE
     SET activity_id = excluded.activity_id, entered_ms = excluded.entered_ms`,
    key,
    digest,
    activityId,
    enteredMs,
  );
}

function addMessage(sql: Sql, n: number, row: NewRow, message: NewMessage): void {
  sql.run(
    "INSERT INTO messages (n, id, at, lane, is_reply, is_empty) VALUES (?, ?, ?, ?, ?, ?)",
    n,
    row.id,
    row.at,
    message.lane,
    message.isReply === true ? 1 : 0,
    message.isEmpty === true ? 1 : 0,
  );
  sql.run(
    "INSERT INTO raws (n, bytes, raw) VALUES (?, ?, ?)",
    n,
    Buffer.byteLength(message.raw),
    message.raw,
  );
}
