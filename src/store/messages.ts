/** The moves of a message between its states, each to be done within a transaction. */
import { MoleculeError } from "../shared/errors.ts";
import { OPEN } from "./schema.ts";
import type { Sql } from "./sql.ts";

export interface MessageRow {
  id: string;
  n: number;
  at: string;
  lane: string;
  state: "waiting" | "running" | "answered" | "handed" | "dead";
  attempts: number;
  crashes: number;
  generation: number;
  told: number;
  run: number | null;
  reason: string | null;
  died_ms: number | null;
}

/** Picks a message by the id of its row: the number is the same in both tables. */
export const BY_ID = "messages.n = (SELECT seen.n FROM seen WHERE seen.id = ?)";

export function findMessage(sql: Sql, id: string): MessageRow | undefined {
  return sql.get<MessageRow>(
    `SELECT id, n, at, lane, state, attempts, crashes, generation, told, run, reason, died_ms
     FROM messages WHERE ${BY_ID}`,
    id,
  );
}

/** The row as it came, as JSON. */
export function rawOf(sql: Sql, id: string): string {
  const found = sql.get<{ raw: string }>(
    `SELECT raw FROM messages JOIN raws USING (n) WHERE ${BY_ID}`,
    id,
  );
  if (found === undefined) throw new MoleculeError(`the message ${id} is not kept any more`);
  return found.raw;
}

/** The message if it is not settled and, with `states`, in one of these; throws otherwise. */
export function openMessage(
  sql: Sql,
  id: string,
  states: readonly MessageRow["state"][] = ["waiting", "running", "answered"],
): MessageRow {
  const message = findMessage(sql, id);
  if (message !== undefined && states.includes(message.state)) return message;
  const found = message === undefined ? "is not kept" : `is ${message.state}`;
  throw new MoleculeError(`the message ${id} ${found} in the journal, not ${states.join(" or ")}`);
}

/** Nothing more happens to it: the row is forgotten, but not that it was seen. */
export function settleMessage(sql: Sql, { n }: Pick<MessageRow, "n">): void {
  sql.run("DELETE FROM messages WHERE n = ?", n);
  sql.run("DELETE FROM raws WHERE n = ?", n);
}

/** Settled but for the reply that a peer holds open: that may still make it a dead letter. */
export function handMessage(sql: Sql, { n }: MessageRow): void {
  sql.run("UPDATE messages SET state = 'handed', holds = 0, run = NULL, pid = NULL WHERE n = ?", n);
}

/** Into the dead letters. An answer that waits goes with it; the word of a trouble is dropped. */
export function buryMessage(sql: Sql, { id, n }: MessageRow, reason: string, nowMs: number): void {
  sql.run(
    `UPDATE messages SET state = 'dead', holds = 0, reason = ?, died_ms = ?, run = NULL, pid = NULL,
       attempts = attempts + (state = 'running') WHERE n = ?`,
    reason,
    nowMs,
    n,
  );
  sql.run(
    "DELETE FROM replies WHERE activity_id = ? AND state = 'pending' AND kind = 'trouble'",
    id,
  );
  sql.run(
    "UPDATE replies SET state = 'undelivered' WHERE activity_id = ? AND state = 'pending'",
    id,
  );
}

/** The number of this process among those that opened the store; the last one's for others. */
export function sessionOf(sql: Sql): number {
  return sql.get<{ session: number }>("SELECT session FROM meta")?.session ?? 0;
}

/** The lanes in which something is open, or waits to be posted. Jumps from one to the next, however much each holds. */
export function openLanes(sql: Sql): string[] {
  const next = `SELECT min(lane) FROM messages WHERE ${OPEN}`;
  return sql
    .all<{ lane: string }>(
      `WITH RECURSIVE lanes (lane) AS (
         ${next}
         UNION ALL SELECT (${next} AND lane > lanes.lane) FROM lanes WHERE lane IS NOT NULL
       ) SELECT lane FROM lanes WHERE lane IS NOT NULL
       UNION SELECT lane FROM replies WHERE state = 'pending'`,
    )
    .map(({ lane }) => lane);
}
