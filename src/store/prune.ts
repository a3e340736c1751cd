/** Removing what is not needed any more, in steps so short that nothing else has to wait for them. */
import type { Clock } from "../shared/clock.ts";
import { REPEAT_MS } from "./admission.ts";
import { forgetOldest, type MemoryRoom } from "./memory.ts";
import type { Sql } from "./sql.ts";
import type { Transactions } from "./transactions.ts";
import { watermarkOf, type Mark } from "./watermark.ts";

const HOUR_MS = 60 * 60 * 1000;
/** How long the rows of the feed are known (design, section 4). */
export const KEEP_MS = 30 * 24 * HOUR_MS;
/** Rows that are known at most; a flood may not fill the disk for a month. */
export const MAX_SEEN = 200_000;

/** What backends remember, all together: a flood of conversations may not fill the disk for a month. */
export const MAX_MEMORY: MemoryRoom = { entries: 20_000, bytes: 64 * 1024 * 1024 };

/**
 * What the bridge itself must know is spared: the sums of its costs, the files that it uploaded, and what
 * belongs to pushed messages, which has bounds of its own.
 */
const PRUNED = "WHERE key NOT GLOB 'spend/*' AND key NOT GLOB 'upload/*' AND key NOT GLOB 'push/*'";

/** Rows looked at, and pages given back, in one step. */
const STEP = 500;
/** Free pages that are kept for what comes next. */
const SPARE_PAGES = 256;

/**
 * One round. What is at or above the watermark stays, and so does what a message or a dead letter
 * stands for. `maxSeen` and `maxMemory` are for tests.
 */
export async function prune(
  database: Transactions,
  clock: Clock,
  maxSeen = MAX_SEEN,
  maxMemory = MAX_MEMORY,
): Promise<void> {
  const nowMs = clock.now();
  let after: number | undefined = 0;
  while (after !== undefined) {
    const from: number = after;
    after = await database.write((sql) => pruneSeen(sql, from, nowMs - KEEP_MS, maxSeen));
  }
  for (const [query, beforeMs] of [
    ["DELETE FROM sent_ids WHERE n IN (SELECT n FROM sent_ids WHERE entered_ms < ?", REPEAT_MS],
    ["DELETE FROM runs WHERE n IN (SELECT n FROM runs WHERE at_ms < ?", HOUR_MS],
    ["DELETE FROM memory WHERE rowid IN (SELECT rowid FROM memory WHERE at_ms < ?", KEEP_MS],
    // One whose echo is known still has to be counted against it.
    [
      `DELETE FROM notices WHERE n IN (SELECT n FROM notices WHERE at_ms < ?
         AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.notice = notices.digest)`,
      KEEP_MS,
    ],
  ] as const) {
    const step = (sql: Sql) => sql.run(`${query} LIMIT ${STEP})`, nowMs - beforeMs);
    while ((await database.write(step)) === STEP);
  }
  const forget = (sql: Sql) => forgetSentIds(sql, maxSeen);
  while ((await database.write(forget)) === STEP);
  await forgetOldest(database, maxMemory, PRUNED);
  while (await database.write(givePagesBack));
}

interface SeenRow extends Mark {
  notice: string | null;
  entered_ms: number;
  is_kept: number;
}

/** Looks at the rows after `after` in the order of their entry; gives where to go on, if anywhere. */
function pruneSeen(sql: Sql, after: number, beforeMs: number, maxSeen: number): number | undefined {
  const mark = pruneMark(sql);
  if (mark === undefined) return undefined;
  let excess = (sql.get<{ seen: number }>("SELECT seen FROM totals")?.seen ?? 0) - maxSeen;
  const rows = sql.all<SeenRow>(
    `SELECT n, id, at, notice, entered_ms,
       EXISTS (SELECT 1 FROM messages WHERE messages.n = seen.n) AS is_kept
     FROM seen WHERE n > ? ORDER BY n LIMIT ${STEP}`,
    after,
  );
  for (const row of rows) {
    if (row.entered_ms >= beforeMs && excess <= 0) return undefined;
    if (row.is_kept === 1 || !isBelow(row, mark)) continue;
    sql.run("DELETE FROM seen WHERE n = ?", row.n);
    if (row.notice !== null) forgetNotice(sql, row.notice);
    excess--;
  }
  return rows.length < STEP ? undefined : rows.at(-1)?.n;
}

/** Reading begins at the anchor, where that is older than the watermark. */
function pruneMark(sql: Sql): Mark | undefined {
  const mark = watermarkOf(sql);
  const anchor = sql.get<Mark>(
    "SELECT id, at, n FROM seen WHERE id = (SELECT anchor_id FROM meta)",
  );
  return mark !== undefined && anchor !== undefined && isBelow(anchor, mark) ? anchor : mark;
}

function isBelow(row: Mark, mark: Mark): boolean {
  return row.at < mark.at || (row.at === mark.at && row.n < mark.n);
}

/** The oldest of too many ids: who floods us with them only forgets its own repeats sooner. */
function forgetSentIds(sql: Sql, most: number): number {
  return sql.run(
    `DELETE FROM sent_ids WHERE n IN (
       SELECT n FROM sent_ids WHERE n <= (SELECT max(n) FROM sent_ids) - ? ORDER BY n LIMIT ${STEP})`,
    most,
  );
}

/** With its echo, so that posted ones and echoes stay comparable. */
function forgetNotice(sql: Sql, digest: string): void {
  sql.run(
    `DELETE FROM notices
     WHERE n = (SELECT n FROM notices WHERE digest = ? ORDER BY at LIMIT 1)`,
    digest,
  );
}

/** Makes the file smaller after a flood. Whether there may be more to give. */
function givePagesBack(sql: Sql): boolean {
  const free = sql.get<{ freelist_count: number }>("PRAGMA freelist_count")?.freelist_count ?? 0;
  if (free <= SPARE_PAGES) return false;
  sql.all(`PRAGMA incremental_vacuum(${Math.min(free - SPARE_PAGES, STEP)})`);
  const left = sql.get<{ freelist_count: number }>("PRAGMA freelist_count")?.freelist_count ?? 0;
  return left < free;
}
