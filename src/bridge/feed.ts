/**
 * The feed in the order of time: rows after the cursor, or, without one, from the start of a window
 * that the first fetch fixed. It knows how far all is settled and what the next fetch must ask for.
 */
import type { Row } from "../a2a/feed-row.ts";
import { PlatformError, type Platform } from "../platform/platform.ts";
import type { Cursor } from "../store/store.ts";
import { isUuid } from "../shared/ids.ts";
import { formatTimestamp, parseTimestamp } from "../shared/timestamp.ts";
import { oldestFirst, Pages, unique, type Page, type PagesParts } from "./pages.ts";

/** The platform's own limit for `limit`, used where a page is full of rows of one instant. */
const LARGEST_PAGE = 500;
/** The platform's limit for `since_secs` (contract 2.3); a longer window is asked for without it. */
const LONGEST_WINDOW_SECS = 2_592_000;

/** How far the server's clock may go back without a row being missed. */
const CLOCK_SLACK_SECS = 3_600;

/** One row of the feed; an old one is settled already, or lies before the window. */
export interface FeedRow {
  row: Row;
  old: boolean;
}

export interface FeedPage {
  rows: FeedRow[];
  /** There may be more at once. */
  more: boolean;
  /** Nothing of this speaks for looking again at once. */
  pause: boolean;
}

export interface FeedParts extends PagesParts {
  platform: Pick<Platform, "activity" | "serverNow">;
  /** Where "now" is for the start of a first run's window, in ms. */
  windowNow(): number;
}

export class Feed {
  readonly #parts: FeedParts;
  readonly #pages: Pages;
  #cursor: Cursor;
  /** How far the way back to the start has come, while it lasts. */
  #oldest: Page | undefined;
  /** The cursor was lost: until it is past what was settled, rows may be old also after it. */
  #recovering = false;

  constructor(parts: FeedParts, cursor: Cursor) {
    this.#parts = parts;
    this.#pages = new Pages(parts);
    this.#cursor = cursor;
    const { lastSinceId, settled } = cursor;
    // The platform answers 500 for a cursor that is no UUID, for ever.
    if (lastSinceId !== undefined && !isUuid(lastSinceId)) this.#forget(lastSinceId);
    // A recovery that was cut off: the cursor is still behind what was settled.
    else if (settled !== undefined && settled.id !== lastSinceId) this.#recovering = true;
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
    if (lastSinceId !== undefined || settled !== undefined || windowStart !== undefined) {
      return false;
    }
    // A cursor that was forgotten stood for more than a window.
    if (this.#recovering) return false;
    const start = Math.floor(this.#parts.windowNow() / 1000) - sinceSecs;
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
    let page: Page;
    try {
      page = await this.#pages.load({ sinceId: lastSinceId }, signal, fresh);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "gone") throw error;
      this.#forget(lastSinceId);
      return { ...(await this.#fromStart(signal, fresh)), pause: true };
    }
    if (page.rows.some((row) => row.id === lastSinceId)) throw ignoresCursor();
    const isOld = (row: Row) => this.#recovering && this.#isOld(row);
    const rows = unique(page.rows).map((row) => ({ row, old: isOld(row) }));
    return { rows, more: page.full, pause: rows.length === 0 };
  }

  /** Everything up to this row is settled. */
  settle(row: Row): void {
    const createdAt = row.createdAt;
    const before = parseTimestamp(this.#cursor.settled?.createdAt) ?? 0n;
    const newest = createdAt !== undefined && createdAt >= before;
    if (createdAt !== undefined && createdAt > before) this.#recovering = false;
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
    this.#recovering = true;
  }

  /**
   * Without a cursor the platform answers newest first (T1), so page back to the oldest page that
   * matters and return that one in order: the cursor then reads forward from it. Page edges are
   * asked for twice rather than missed. A failure on the way back does not start it over.
   */
  async #fromStart(signal: AbortSignal, fresh: boolean): Promise<FeedPage> {
    const window = { sinceSecs: this.#windowSecs() };
    let page = this.#oldest ?? (await this.#pages.load(window, signal, fresh, LARGEST_PAGE));
    while (page.full && page.rows.some((row) => !this.#isOld(row))) {
      this.#oldest = page;
      const earlier = await this.#earlier(page.rows, window, signal);
      if (earlier === undefined) break;
      page = earlier;
    }
    const more = this.#oldest !== undefined || page.full;
    this.#oldest = undefined;
    const rows = oldestFirst(page.rows).map((row) => ({ row, old: this.#isOld(row) }));
    return { rows, more, pause: rows.length === 0 };
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
    const oldest = oldestFirst(rows).find((row) => row.createdAt !== undefined);
    if (oldest?.createdAt === undefined) return undefined;
    const known = new Set(rows.map((row) => row.id));
    // Where one instant fills a whole page, go on strictly before it.
    for (const before of [oldest.createdAt + 1_000n, oldest.createdAt]) {
      const query = { ...window, beforeTs: formatTimestamp(before) };
      const page = await this.#pages.load(query, signal, false, LARGEST_PAGE);
      if (page.rows.some((row) => !known.has(row.id))) return page;
      if (!page.full) return undefined;
    }
    return undefined;
  }

  #windowSecs(): number | undefined {
    const start = parseTimestamp(this.#cursor.windowStart);
    if (start === undefined) return undefined;
    const age = Math.ceil(this.#parts.platform.serverNow() / 1000) - Number(start / 1_000_000_000n);
    // More than needed, for clocks that are set back; rows from before are known by their time.
    const secs = Math.max(1, age) + CLOCK_SLACK_SECS;
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

/** With it every message would be delivered again and again. */
function ignoresCursor(): PlatformError {
  return new PlatformError("fetching messages: the answer holds the row that it should follow", {
    verdict: "permanent",
    hint: "This platform, or a proxy before it, ignores since_id: it is too old to connect to.",
  });
}
