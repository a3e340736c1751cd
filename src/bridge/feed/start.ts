/** Where reading begins, from what the last run left behind. */
import type { Platform } from "../../platform/platform.ts";
import type { Clock } from "../../shared/clock.ts";
import { formatTimestamp } from "../../shared/timestamp.ts";
import type { Cursor, Place, Store } from "../../store/store.ts";
import type { Emit } from "../events.ts";
import type { FeedStart } from "./feed.ts";

const DAY_MS = 86_400_000;

export interface StartParts {
  store: Store;
  platform: Pick<Platform, "serverNow">;
  clock: Clock;
  emit: Emit;
}

/**
 * The cursor to go on from, and the row to read from. A first run's window is fixed here, `sinceSecs`
 * before now, and saved: it never moves forward, so a lid that was closed meanwhile loses nothing.
 */
export async function findStart(
  { store, platform, clock, emit }: StartParts,
  sinceSecs: number,
): Promise<{ cursor: Cursor; start: FeedStart }> {
  const cursor = await store.loadCursor();
  const { lastSinceId, settled, windowStart, fetchFromId } = cursor;
  if (lastSinceId !== undefined) {
    const known: Place = settled?.id === lastSinceId ? settled : { id: lastSinceId, at: "" };
    if (known !== settled) {
      // Only another program leaves a cursor without its time: the Go tool was here meanwhile.
      const messages = await store.journal.handledElsewhere(lastSinceId);
      if (messages > 0) emit({ type: "handled-elsewhere", cursor: lastSinceId, messages });
      return { cursor, start: { from: known, windowStart: undefined } };
    }
    const isKnown = (await store.journal.known([lastSinceId])).has(lastSinceId);
    const behind = fetchFromId === undefined ? undefined : { id: fetchFromId, at: "" };
    if (!isKnown) {
      // The database is lost, or older than the file (a backup): the file says what was handled.
      const messages = await store.journal.handledElsewhere(lastSinceId);
      if (messages > 0) emit({ type: "handled-elsewhere", cursor: lastSinceId, messages });
      return { cursor, start: { from: behind ?? known, windowStart: undefined } };
    }
    const from = (await store.journal.anchor()) ?? behind;
    if (from !== undefined || windowStart === undefined) {
      return { cursor, start: { from: from ?? known, windowStart } };
    }
    // The last run was too short to say from where on nothing comes late: all of the window again,
    // which its journal knows.
    return { cursor, start: { from: undefined, windowStart } };
  }
  if (windowStart !== undefined || settled !== undefined) {
    return { cursor, start: { from: await store.journal.anchor(), windowStart } };
  }
  const now = earlier(platform.serverNow(), clock.now());
  const seconds = BigInt(Math.floor(now / 1000) - sinceSecs);
  const opened = { ...cursor, windowStart: formatTimestamp(seconds * 1_000_000_000n) };
  await store.saveCursor(opened);
  return { cursor: opened, start: { from: undefined, windowStart: opened.windowStart } };
}

/**
 * The server's clock counts, but one that runs a little ahead must not hide messages. Clocks that
 * are a day apart can't both be meant.
 */
function earlier(serverMs: number, oursMs: number): number {
  return Math.abs(serverMs - oursMs) > DAY_MS ? serverMs : Math.min(serverMs, oursMs);
}
