/** What comes into the feed of a workspace from now on, whatever befalls the platform meanwhile. */
import type { Row } from "../../a2a/feed-row.ts";
import type { BridgeEvent } from "../../bridge/events.ts";
import { Feed } from "../../bridge/feed/feed.ts";
import type { TokenSource } from "../../bridge/parts.ts";
import { Renewal } from "../../bridge/presence/renewal.ts";
import type { Log } from "../../cli/log.ts";
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { nextDelay } from "../../shared/backoff.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatTimestamp, parseTimestamp } from "../../shared/timestamp.ts";
import type { Place } from "../../store/store.ts";
import { tellsRows } from "../answers/tidings.ts";
import { Woken } from "../answers/woken.ts";
import { logEvent } from "../connect/event-lines.ts";
import type { RowFilter } from "./logs-run.ts";

/** A tenth of the platform's rate limit. */
const LOOK_MS = 1_000;
/** Rows may be seen later than their time says: reading begins so much before the newest one. */
const LATE_NS = 2_000_000_000n;

export interface Following {
  platform: Pick<Management, "activity" | "serverNow" | "events">;
  /** Whose feed. */
  id: string;
  filter: RowFilter;
  log: Log;
  /** That the calls are made with. After a 401 a newer one is looked for, and waited for where one may come. */
  token: TokenSource;
  /** Ends it. */
  signal: AbortSignal;
  clock?: Clock;
}

/**
 * Hands every new row to `take`, once, in the order of time; `seen` are those that were shown before, oldest
 * first. Resolves when the signal aborts. Rejects with a PlatformError that does not pass by itself,
 * and with what `take` throws.
 */
export async function follow(
  { platform, id, filter, log, token, signal, clock = systemClock }: Following,
  seen: readonly Row[],
  take: (row: Row) => Promise<void>,
): Promise<void> {
  const known = new Map(seen.map((row) => [row.id, row.createdAt ?? 0n]));
  let newest = placeOf(seen.at(-1));
  const from = startOf(seen);
  const emit = (event: BridgeEvent) => logEvent(log, event);
  const renewal = new Renewal({ token, clock, emit }, signal);
  const feed = new Feed(
    {
      platform: {
        serverNow: () => platform.serverNow(),
        activity: (query, options) => platform.activity(id, { ...query, ...filter }, options),
      },
      clock,
      emit,
      beforeLoad: async () => {},
      settled: () => newest,
    },
    // With a row to go on from, the server's clock says nothing: it may not be the one that stamps rows.
    { from, windowStart: from === undefined ? atPresent(platform) : undefined },
  );
  using woken = new Woken({
    open: (hear, options) => platform.events(id, hear, options),
    tells: tellsRows(filter.type),
    log,
    clock,
  });
  await woken.ready(LOOK_MS);
  let failures = 0;
  for (let downSince = 0; !signal.aborted;) {
    const presented = token.value;
    try {
      const page = await feed.next(signal);
      if (failures > 0) {
        log.info(
          `the platform answers again, after ${formatDuration(clock.monotonic() - downSince)}`,
        );
      }
      failures = 0;
      for (const { row, old } of page.rows) {
        const isNew = !old && !known.has(row.id);
        // An old one, too: it may come again when its age is no longer looked at.
        known.set(row.id, row.createdAt ?? 0n);
        if (!isNew) continue;
        newest = placeOf(row) ?? newest;
        await take(row);
      }
      forgetBefore(feed.anchor, known);
      if (!page.more) await woken.pause(LOOK_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof PlatformError)) throw error;
      if (error.verdict === "unauthorized") {
        const isRenewed = await renewal.renew(presented, signal);
        if (isRenewed) woken.listen();
        if (isRenewed || signal.aborted) continue;
      }
      if (error.verdict !== "transient") throw error;
      failures += 1;
      if (failures === 1) {
        downSince = clock.monotonic();
        log.warn(`${error.message}; trying again until it answers`);
      }
      await clock.sleep(nextDelay(failures, Math.random, error.failure.retryAfterMs), signal);
    }
  }
}

/** The newest row that nothing can come before any more, by the times of those that are there. */
function startOf(seen: readonly Row[]): Place | undefined {
  const last = seen.at(-1)?.createdAt;
  if (last === undefined) return placeOf(seen[0]);
  const settled = seen.findLast(
    ({ createdAt }) => createdAt !== undefined && createdAt <= last - LATE_NS,
  );
  return placeOf(settled ?? seen[0]);
}

function atPresent(platform: Following["platform"]): string {
  return formatTimestamp(BigInt(Math.floor(platform.serverNow())) * 1_000_000n);
}

function placeOf(row: Row | undefined): Place | undefined {
  return row?.createdAt === undefined
    ? undefined
    : { id: row.id, at: formatTimestamp(row.createdAt) };
}

/** What lies before the anchor is not read again. */
function forgetBefore(anchor: Place | undefined, known: Map<string, bigint>): void {
  const at = parseTimestamp(anchor?.at);
  if (at === undefined) return;
  for (const [id, createdAt] of known) if (createdAt < at) known.delete(id);
}
