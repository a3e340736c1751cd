/** A feed on a function, for what concerns its queries alone. */
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { Feed, type FeedStart } from "../../../../src/bridge/feed/feed.ts";
import { PlatformError, type ActivityQuery } from "../../../../src/platform/platform.ts";
import type { Place } from "../../../../src/store/store.ts";
import { ManualClock } from "../../../harness/clock.ts";

export const NEVER = new AbortController().signal;
/** By the server's clock, and by ours. */
export const NOW = Date.parse("2026-03-01T12:00:00.900Z");
/** A cursor, and the place of its row. */
export const CURSOR = "aaaaaaaa-0000-4000-8000-000000000009";
export const FROM_CURSOR: Partial<FeedStart> = { from: { id: CURSOR, at: "" } };

export function feedOf(
  activity: (query: ActivityQuery) => unknown[],
  start: Partial<FeedStart> = {},
  settled?: Place,
) {
  const queries: ActivityQuery[] = [];
  const events: BridgeEvent[] = [];
  const clock = new ManualClock(NOW);
  const feed = new Feed(
    {
      platform: {
        serverNow: () => clock.now(),
        activity: async (query) => {
          queries.push(query);
          return activity(query);
        },
      },
      clock,
      settled: () => settled,
      emit: (event) => events.push(event),
      beforeLoad: async () => {},
    },
    { from: undefined, windowStart: undefined, ...start },
  );
  const texts = async () => {
    const { rows } = await feed.next(NEVER);
    return rows.map(({ row, old }) => `${row.id}${old ? " old" : ""}`);
  };
  /** The pages up to the end of the feed, as ids. */
  const sweep = async () => {
    const ids: string[] = [];
    for (let more = true; more;) {
      const page = await feed.next(NEVER);
      ids.push(...page.rows.map(({ row }) => row.id));
      more = page.more;
    }
    return ids;
  };
  return { feed, clock, queries, events, texts, sweep };
}

export const gone = () => new PlatformError("activity: 410", { verdict: "gone", status: 410 });

export interface FeedEntry {
  id: string;
  created_at: string;
  seq?: number;
}

export const at = (id: string, created_at: string, more: { seq?: number } = {}): FeedEntry => ({
  id,
  created_at,
  ...more,
});

/** A time of the first of March, so many seconds (or a part of one) after midnight. */
export const time = (seconds: number) =>
  new Date(Date.UTC(2026, 2, 1) + seconds * 1000).toISOString();

/**
 * A feed as the platform serves it: after a row by its time alone (revision 1), or, where rows have a
 * sequence, by time and sequence; newest first without a cursor (contract 2.3, T1, T21).
 */
export function serve(rows: () => readonly FeedEntry[]) {
  const sorted = () => [...rows()].sort((a, b) => (isAfter(a, b) ? 1 : isAfter(b, a) ? -1 : 0));
  return ({ sinceId, beforeTs, limit }: ActivityQuery): FeedEntry[] => {
    const all = sorted();
    if (sinceId !== undefined) {
      const since = all.find((row) => row.id === sinceId);
      if (since === undefined) throw gone();
      return all.filter((row) => isAfter(row, since)).slice(0, limit);
    }
    return all
      .filter((row) => beforeTs === undefined || nanos(row.created_at) < nanos(beforeTs))
      .reverse()
      .slice(0, limit);
  };
}

function isAfter(row: FeedEntry, since: FeedEntry): boolean {
  const [a, b] = [nanos(row.created_at), nanos(since.created_at)];
  if (a !== b) return a > b;
  return row.seq !== undefined && since.seq !== undefined && row.seq > since.seq;
}

/** Text that sorts as the time does. */
const nanos = (text: string) => {
  const [whole = "", fraction = ""] = text.replace("Z", "").split(".");
  return `${whole}.${fraction.padEnd(9, "0")}`;
};
