/** Where messages stand, as the tables tell it (see schema.ts). */
import { openLanes, type MessageRow } from "./messages.ts";
import { OPEN } from "./schema.ts";
import type { Sql } from "./sql.ts";
import type { Place } from "./store.ts";
import { watermarkOf } from "./watermark.ts";

/**
 * - `journal`: taken, and waits for its turn; `running`: the backend has it;
 * - `outbox`: answered, and the answer is being posted;
 * - `settled`: nothing more happens to it; `dead`: given up, for `reason`.
 */
export interface MessageStanding {
  state: "journal" | "running" | "outbox" | "settled" | "dead";
  /** How often the backend was begun with, where that is known and it was at all. */
  runs?: number;
  reason?: string;
}

/** How many messages there are. */
export interface MessageCounts {
  /** That are not settled. */
  unsettled: number;
  /** Whose answer waits to be delivered. */
  outbox: number;
  deadLetters: number;
}

export const NO_MESSAGES: MessageCounts = { unsettled: 0, outbox: 0, deadLetters: 0 };

export const SETTLED: MessageStanding = { state: "settled" };

/** Rows that are looked at for each that may be settled: however many wait, this takes no longer. */
const SEEN_FOR_ONE = 2;
/**
 * How many of a lane are told of before their turn comes: more than it gets through between two looks, since
 * each takes several commits.
 */
const AHEAD = 50;

export function countMessages(sql: Sql): MessageCounts {
  const totals = sql.get<{ waiting: number; dead: number }>("SELECT waiting, dead FROM totals");
  const pending = sql.get<{ it: number }>(
    "SELECT count(*) AS it FROM replies WHERE state = 'pending'",
  );
  return {
    unsettled: totals?.waiting ?? 0,
    outbox: pending?.it ?? 0,
    deadLetters: totals?.dead ?? 0,
  };
}

/**
 * The newest of each kind, `most` at the most: what waits, dead letters, and what is settled; all that run
 * or are answered, and the first of each lane, whose turn is next. A settled message leaves nothing but the
 * row by which it was seen, as a row does that asks for nothing: both are told as settled here.
 */
export function newestStandings(sql: Sql, most: number): Map<string, MessageStanding> {
  const found = new Map<string, MessageStanding>();
  for (const { id } of sql.all<{ id: string }>(
    // Echoes of our own notices are nobody's messages.
    `SELECT newest.id FROM (SELECT n, id, notice FROM seen ORDER BY n DESC LIMIT ?) AS newest
     WHERE notice IS NULL AND NOT EXISTS (
       SELECT 1 FROM messages WHERE messages.n = newest.n AND state <> 'handed')
     ORDER BY newest.n DESC LIMIT ?`,
    SEEN_FOR_ONE * most,
    most,
  )) {
    found.set(id, SETTLED);
  }
  const add = (where: string, ...values: (string | number)[]) => {
    const query = `SELECT ${COLUMNS} FROM messages WHERE ${where}`;
    for (const row of sql.all<StandingRow>(query, ...values)) found.set(row.id, standingOf(row));
  };
  add("n IN (SELECT n FROM messages WHERE state = 'dead' ORDER BY at DESC, n DESC LIMIT ?)", most);
  add(`n IN (SELECT n FROM messages WHERE ${OPEN} ORDER BY n DESC LIMIT ?)`, most);
  // Handed over, and taken back since: posted again.
  add(
    `state = 'handed' AND n IN (
       SELECT seen.n FROM replies JOIN seen ON seen.id = replies.activity_id
       WHERE replies.state = 'pending' ORDER BY replies.n DESC LIMIT ?)`,
    most,
  );
  for (const lane of openLanes(sql))
    add(`lane = ? AND ${OPEN} ORDER BY at, n LIMIT ?`, lane, AHEAD);
  // One that came late may stand before one that runs.
  add(`${OPEN} AND state <> 'waiting'`);
  return found;
}

/** How those stand now that were unsettled: of one that is not settled, something is kept. */
export function followedStandings(sql: Sql, ids: readonly string[]): Map<string, MessageStanding> {
  const found = new Map(ids.map((id) => [id, SETTLED]));
  if (ids.length === 0) return found;
  for (const row of sql.all<StandingRow>(
    `SELECT ${COLUMNS} FROM messages
     WHERE n IN (SELECT seen.n FROM json_each(?) AS asked JOIN seen ON seen.id = asked.value)`,
    JSON.stringify(ids),
  )) {
    found.set(row.id, standingOf(row));
  }
  return found;
}

/**
 * Those of these rows. One that is not known is left out; where its time is given, and rows of its age were
 * forgotten, or never looked at, it is settled.
 */
export function standingsOf(
  sql: Sql,
  rows: Iterable<string | Place>,
): Map<string, MessageStanding> {
  const found = new Map<string, MessageStanding>();
  const oldest = oldestKnown(sql);
  for (const row of rows) {
    const { id, at } = typeof row === "string" ? { id: row, at: undefined } : row;
    const standing = seenStanding(sql, id);
    if (standing !== undefined) found.set(id, standing);
    else if (at !== undefined && oldest !== undefined && at < oldest) found.set(id, SETTLED);
  }
  return found;
}

interface StandingRow extends Pick<MessageRow, "id" | "attempts" | "crashes" | "reason"> {
  state: MessageRow["state"];
  is_pending: number;
}

/** The word of a trouble settles nothing: its message waits (see store-outbox.ts). */
const COLUMNS = `id, state, attempts, crashes, reason, EXISTS (
  SELECT 1 FROM replies WHERE replies.activity_id = messages.id
    AND replies.state = 'pending' AND kind <> 'trouble') AS is_pending`;

function seenStanding(sql: Sql, id: string): MessageStanding | undefined {
  const seen = sql.get<{ n: number }>("SELECT n FROM seen WHERE id = ?", id);
  if (seen === undefined) return undefined;
  const row = sql.get<StandingRow>(`SELECT ${COLUMNS} FROM messages WHERE n = ?`, seen.n);
  return row === undefined ? SETTLED : standingOf(row);
}

function standingOf({ state, attempts, crashes, reason, is_pending }: StandingRow) {
  const ended = attempts + crashes;
  switch (state) {
    case "waiting":
      return of("journal", ended);
    case "running":
      // The one that goes on is counted once it has ended.
      return of("running", ended + 1);
    case "answered":
      return of("outbox");
    case "handed":
      return is_pending === 1 ? of("outbox") : SETTLED;
    case "dead":
      return of("dead", ended, reason);
  }
}

function of(
  state: MessageStanding["state"],
  runs = 0,
  reason: string | null = null,
): MessageStanding {
  return {
    state,
    ...(runs === 0 ? {} : { runs }),
    ...(reason === null ? {} : { reason }),
  };
}

/**
 * The time of the oldest row that is known, where what is older is settled. Not the watermark itself: a row
 * that appears late is older than that, and was not entered yet. Once rows were forgotten (see prune.ts), the
 * row of a dead letter says nothing of others of its age, as the watermark passes it by and it stays.
 */
function oldestKnown(sql: Sql): string | undefined {
  const mark = watermarkOf(sql);
  if (mark === undefined) return undefined;
  // They are numbered without a gap as they are entered.
  const isWhole = sql.get("SELECT 1 FROM totals WHERE seen = (SELECT max(n) FROM seen)");
  const settled =
    isWhole === undefined
      ? sql.get<{ at: string }>(
          `SELECT at FROM seen WHERE (at, n) <= (?, ?)
             AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.n = seen.n)
           ORDER BY at, n LIMIT 1`,
          mark.at,
          mark.n,
        )
      : undefined;
  return (settled ?? sql.get<{ at: string }>("SELECT at FROM seen ORDER BY at, n LIMIT 1"))?.at;
}
