/** How far the journal is settled, in the order of the feed: (at, n). */
import { OPEN } from "./schema.ts";
import type { Sql } from "./sql.ts";

export interface Mark {
  id: string;
  at: string;
  n: number;
}

/**
 * The newest row at or before which nothing is unsettled. A row that appears late and is not settled
 * moves it back: that is meant.
 */
export function watermarkOf(sql: Sql): Mark | undefined {
  const first = sql.get<{ at: string; n: number }>(
    "SELECT at, n FROM messages WHERE holds = 1 ORDER BY at, n LIMIT 1",
  );
  if (first === undefined) {
    return sql.get<Mark>("SELECT id, at, n FROM seen ORDER BY at DESC, n DESC LIMIT 1");
  }
  // Two steps: in one, SQLite would walk through all rows that share the time.
  return (
    sql.get<Mark>(
      "SELECT id, at, n FROM seen WHERE at = ? AND n < ? ORDER BY n DESC LIMIT 1",
      first.at,
      first.n,
    ) ??
    sql.get<Mark>(
      "SELECT id, at, n FROM seen WHERE at < ? ORDER BY at DESC, n DESC LIMIT 1",
      first.at,
    )
  );
}

/** Sorts after every time. */
const NEVER = "~";

/**
 * Gives up what is not settled at or before the row, or all of it where the row is unknown; never
 * what was revived from the dead letters. Gives how many messages that were.
 */
export function giveUpBelow(sql: Sql, id: string): number {
  const end = sql.get<{ at: string; n: number }>("SELECT at, n FROM seen WHERE id = ?", id) ?? {
    at: NEVER,
    n: 0,
  };
  const below = `${OPEN} AND generation = 0 AND (at, n) <= (?, ?)`;
  sql.run(
    `DELETE FROM replies WHERE state = 'pending'
     AND activity_id IN (SELECT id FROM messages WHERE ${below})`,
    end.at,
    end.n,
  );
  sql.run(`DELETE FROM raws WHERE n IN (SELECT n FROM messages WHERE ${below})`, end.at, end.n);
  return sql.run(`DELETE FROM messages WHERE ${below}`, end.at, end.n);
}
