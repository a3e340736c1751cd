/**
 * The feed in the order of time: rows after the cursor, or, without one, from the start of a window
 * that the first fetch fixed. It knows how far all is settled and what the next fetch must ask for.
 */
import { readRow, type Row } from "../a2a/feed-row.ts";
import { PlatformError, type ActivityQuery, type Platform } from "../platform/platform.ts";
import type { Cursor } from "../store/store.ts";
import { isUuid } from "../shared/ids.ts";
import { formatTimestamp, parseTimestamp } from "../shared/timestamp.ts";
import type { Emit } from "./events.ts";

/** Rows asked for at once. Large, since revision 1 may lose rows at a page's end (T21). */
const PAGE_ROWS = 100;
/** The platform's own limit for `limit`, used where a page is full of rows of one instant. */
const LARGEST_PAGE = 500;
/** The platform's limit for `since_secs` (contract 2.3); a longer window is asked for without it. */
const LONGEST_WINDOW_SECS = 2_592_000;

/** One row of the feed; an old one is settled already, or lies before the window. */
export interface FeedRow {
  row: Row;
  old: boolean;
}

export interface FeedPage {
  rows: FeedRow[];
  /** There may be more at once. */
  more: boolean;
}

interface Page {
  rows: Row[];
  full: boolean;
}

export interface FeedParts {
  platform: Pick<Platform, "activity" | "serverNow">;
  emit: Emit;
  /** Called before each request: the loop is not hanging, there is just much to fetch. */
  onProgress(): void;
}

export class Feed {
  readonly #parts: FeedParts;
  #cursor: Cursor;
  #limit = PAGE_ROWS;
  /** How far the way back to the start has come, while it lasts. */
  #oldest: Page | undefined;

  constructor(parts: FeedParts, cursor: Cursor) {
    this.#parts = parts;
    this.#cursor = cursor;
    const { lastSinceId } = cursor;
    // The platform answers 500 for a cursor that is no UUID, for ever.
    if (lastSinceId !== undefined && !isUuid(lastSinceId)) this.#forget(lastSinceId);
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Where the next fetch starts. */
  get start(): "cursor" | "window" | "everything" {
    if (this.#cursor.lastSinceId !== undefined) return "cursor";
    return this.#cursor.windowStart === undefined ? "everything" : "window";
  }

  /**
   * Fixes the window of a first run: `sinceSecs` before now by the server's clock. Returns whether
   * the cursor changed. It never moves forward, so a lid that was closed meanwhile loses nothing.
   */
  openWindow(sinceSecs: number): boolean {
    const { lastSinceId, settled, windowStart } = this.#cursor;
    if (lastSinceId !== undefined || settled !== undefined || windowStart !== undefined)
      return false;
    const start = Math.floor(this.#parts.platform.serverNow() / 1000) - sinceSecs;
    this.#cursor = {
      ...this.#cursor,
      windowStart: formatTimestamp(BigInt(start) * 1_000_000_000n),
    };
    return true;
  }

  /** The next rows, oldest first. Rejects with a PlatformError; a lost cursor is dealt with here. */
  async next(signal: AbortSignal, fresh = false): Promise<FeedPage> {
    const { lastSinceId } = this.#cursor;
    if (lastSinceId === undefined) return this.#fromStart(signal, fresh);
    try {
      const { rows, full } = await this.#fetch({ sinceId: lastSinceId }, signal, fresh);
      return {
        rows: inOrder(rows, "oldest-first").map((row) => ({ row, old: false })),
        more: full,
      };
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "gone") throw error;
      this.#forget(lastSinceId);
      return this.#fromStart(signal, fresh);
    }
  }

  /** Everything up to this row is settled. */
  settle(row: Row): void {
    const createdAt = row.createdAt;
    const before = parseTimestamp(this.#cursor.settled?.createdAt) ?? 0n;
    const newest = createdAt !== undefined && createdAt >= before;
    this.#cursor = {
      ...this.#cursor,
      lastSinceId: row.id,
      settled: newest
        ? { id: row.id, createdAt: formatTimestamp(createdAt) }
        : this.#cursor.settled,
    };
  }

  /** Without a cursor the whole past is looked at; what was settled is known by its time. */
  #forget(cursor: string): void {
    this.#parts.emit({ type: "cursor-gone", cursor });
    this.#cursor = { ...this.#cursor, lastSinceId: undefined, windowStart: undefined };
    this.#oldest = undefined;
  }

  /**
   * Without a cursor the platform answers newest first (T1), so page back to the oldest page that
   * matters and return that one in order: the cursor then reads forward from it. Page edges are
   * asked for twice rather than missed. A failure on the way back does not start it over.
   */
  async #fromStart(signal: AbortSignal, fresh: boolean): Promise<FeedPage> {
    const window = { sinceSecs: this.#windowSecs() };
    let page = this.#oldest ?? (await this.#fetch(window, signal, fresh, LARGEST_PAGE));
    while (page.full && page.rows.some((row) => !this.#isOld(row))) {
      this.#oldest = page;
      const earlier = await this.#earlier(page.rows, window, signal);
      if (earlier === undefined) break;
      page = earlier;
    }
    const more = this.#oldest !== undefined || page.full;
    this.#oldest = undefined;
    const rows = inOrder(page.rows, "newest-first");
    return { rows: rows.map((row) => ({ row, old: this.#isOld(row) })), more };
  }

  /**
   * The page before this one, from just after its oldest row, so that rows of one instant are not
   * parted; undefined where there is nothing earlier.
   */
  async #earlier(
    rows: Row[],
    window: { sinceSecs: number | undefined },
    signal: AbortSignal,
  ): Promise<Page | undefined> {
    const oldest = inOrder(rows, "newest-first").find((row) => row.createdAt !== undefined);
    if (oldest?.createdAt === undefined) return undefined;
    const known = new Set(rows.map((row) => row.id));
    // Where one instant fills a whole page, go on strictly before it.
    for (const before of [oldest.createdAt + 1_000n, oldest.createdAt]) {
      const query = { ...window, beforeTs: formatTimestamp(before) };
      const page = await this.#fetch(query, signal, false, LARGEST_PAGE);
      if (page.rows.some((row) => !known.has(row.id))) return page;
      if (!page.full) return undefined;
    }
    return undefined;
  }

  /** A page whose answer is too large or cut off is asked for again in smaller ones. */
  async #fetch(
    query: Omit<ActivityQuery, "limit">,
    signal: AbortSignal,
    fresh = false,
    atLeast = 0,
  ): Promise<Page> {
    for (;;) {
      const limit = Math.max(this.#limit, atLeast);
      this.#parts.onProgress();
      try {
        const raw = await this.#parts.platform.activity({ ...query, limit }, { signal, fresh });
        const rows = raw.map(readRow).filter((row) => row !== undefined);
        if (rows.length < raw.length) this.#reportUnreadable(raw.length, rows.length);
        this.#limit = Math.min(PAGE_ROWS, this.#limit * 2);
        return { rows, full: raw.length >= limit };
      } catch (error) {
        if (!(error instanceof PlatformError) || error.failure.unreadable !== true) throw error;
        if (signal.aborted) throw error;
        if (this.#limit === 1) {
          this.#parts.emit({ type: "row-unreadable", reason: error.message });
          throw error;
        }
        this.#limit = Math.max(1, Math.floor(Math.min(limit, this.#limit * 2) / 2));
        atLeast = 0;
        this.#parts.emit({ type: "page-shrunk", limit: this.#limit, reason: error.message });
      }
    }
  }

  #reportUnreadable(all: number, readable: number): void {
    if (readable > 0) {
      const reason = `${all - readable} of ${all} rows have no id and are passed over`;
      return this.#parts.emit({ type: "row-unreadable", reason });
    }
    throw new PlatformError("fetching messages: 200, but none of its rows has an id", {
      verdict: "transient",
    });
  }

  #windowSecs(): number | undefined {
    const start = parseTimestamp(this.#cursor.windowStart);
    if (start === undefined) return undefined;
    const age = Math.ceil(this.#parts.platform.serverNow() / 1000) - Number(start / 1_000_000_000n);
    // One second more for rounding; rows from before the window are known by their time.
    const secs = Math.max(1, age + 1);
    return secs > LONGEST_WINDOW_SECS ? undefined : secs;
  }

  #isOld(row: Row): boolean {
    if (row.createdAt === undefined) return false;
    const { settled, windowStart } = this.#cursor;
    if (settled !== undefined) {
      const at = parseTimestamp(settled.createdAt);
      if (row.id === settled.id) return true;
      return at !== undefined && row.createdAt < at;
    }
    const start = parseTimestamp(windowStart);
    return start !== undefined && row.createdAt < start;
  }
}

/**
 * Oldest first: by the platform's own sequence where both rows have one, else by time. The sort is
 * stable, so rows of one instant keep the order in which the platform put them.
 */
function inOrder(rows: Row[], came: "oldest-first" | "newest-first"): Row[] {
  const unique = [...new Map(rows.map((row) => [row.id, row])).values()];
  if (came === "newest-first") unique.reverse();
  return unique.sort((a, b) => {
    if (a.seq !== undefined && b.seq !== undefined) return a.seq - b.seq;
    if (a.createdAt === undefined || b.createdAt === undefined) return 0;
    return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0;
  });
}
