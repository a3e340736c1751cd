/**
 * The feed in the order of time: rows after a known one, or, without one, from the start of a window
 * that the first fetch fixed. It knows what the next fetch must ask for; what became of the rows is
 * the journal's.
 */
import type { Row } from "../../a2a/feed-row.ts";
import { PlatformError, type Platform } from "../../platform/platform.ts";
import type { Place } from "../../store/store.ts";
import type { Clock } from "../../shared/clock.ts";
import { isUuid } from "../../shared/ids.ts";
import { formatTimestamp, parseTimestamp } from "../../shared/timestamp.ts";
import { Anchor } from "./anchor.ts";
import { oldestFirst, Pages, unique, type Page, type PagesParts } from "./pages.ts";

/** The platform's own limit for `limit`, used where a page is full of rows of one instant. */
const LARGEST_PAGE = 500;
/** The platform's limit for `since_secs` (contract 2.3); a longer window is asked for without it. */
const LONGEST_WINDOW_SECS = 2_592_000;
/** How far the server's clock may go back without a row being missed. */
const CLOCK_SLACK_SECS = 3_600;

/** One row of the feed; an old one lies before the window, or before what was settled. */
export interface FeedRow {
  row: Row;
  /** Its place in time; a row whose own time can't be read stands beside the one before it. */
  at: string;
  old: boolean;
}

export interface FeedPage {
  /** Oldest first. */
  rows: FeedRow[];
  /** There may be more at once. */
  more: boolean;
  /** Rows were left to the next reading, which should come soon. */
  left: boolean;
  /** The cursor was lost: nothing of this speaks for looking again at once. */
  lost: boolean;
}

/** Where reading begins, and what is old. */
export interface FeedStart {
  /** The row to read from; undefined where there is none yet. */
  from: Place | undefined;
  /** RFC 3339: rows from before it are old. */
  windowStart: string | undefined;
}

export interface FeedParts extends PagesParts {
  platform: Pick<Platform, "activity" | "serverNow">;
  clock: Pick<Clock, "monotonic">;
  /** The newest row below which all is settled. */
  settled(): Place | undefined;
}

export class Feed {
  readonly #parts: FeedParts;
  readonly #pages: Pages;
  readonly #anchor: Anchor;
  #windowStart: string | undefined;
  /** Where the next page of a sweep starts; undefined at its beginning. */
  #position: string | undefined;
  /** How far the way back to the start has come, while it lasts. */
  #oldest: Page | undefined;
  /** The cursor was lost: until the end of the feed is reached, rows may be old. */
  #recovering = false;
  #atLeast = 0;
  #lastAt: string;

  constructor(parts: FeedParts, { from, windowStart }: FeedStart) {
    this.#parts = parts;
    this.#pages = new Pages(parts);
    this.#windowStart = windowStart;
    this.#lastAt = from?.at ?? windowStart ?? formatTimestamp(0n);
    // The platform answers 500 for a cursor that is no UUID, for ever.
    const usable = from === undefined || isUuid(from.id);
    const { clock, platform } = parts;
    this.#anchor = new Anchor(clock, () => platform.serverNow(), usable ? from : undefined);
    if (!usable) this.#forget(from.id);
  }

  /** Where the next sweep begins. */
  get start(): "cursor" | "window" | "everything" {
    if (this.#anchor.place !== undefined) return "cursor";
    return this.#windowStart === undefined ? "everything" : "window";
  }

  /** From here nothing is missed that comes late. */
  get anchor(): Place | undefined {
    return this.#anchor.place;
  }

  /** The anchor for the journal, with the rows of the last page; undefined where it has not moved. */
  takeAnchor(): Place | undefined {
    return this.#anchor.take();
  }

  /** The next rows. Rejects with a PlatformError; a lost cursor is dealt with here. */
  async next(signal: AbortSignal, fresh = false): Promise<FeedPage> {
    this.#anchor.begin();
    const sinceId = this.#position ?? this.#anchor.place?.id;
    if (sinceId === undefined) return this.#fromStart(signal, fresh);
    let page: Page;
    try {
      page = await this.#pages.load({ sinceId }, signal, fresh, this.#atLeast);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "gone") throw error;
      this.#forget(sinceId);
      return { ...(await this.#fromStart(signal, fresh)), lost: true };
    }
    return this.#page(unique(page.rows), page.full, sinceId);
  }

  #page(found: Row[], full: boolean, sinceId: string | undefined): FeedPage {
    const rows = this.#position === undefined ? found : this.#untilSweep(found);
    const left = rows.length < found.length;
    const more = full && !left;
    const placed = rows.map((row): FeedRow => {
      if (row.createdAt !== undefined) this.#lastAt = formatTimestamp(row.createdAt);
      return { row, at: this.#lastAt, old: this.#isOld(row) };
    });
    if (more) this.#position = this.#continueFrom(rows, sinceId);
    else {
      const last = rows.findLast(
        ({ createdAt }) => createdAt !== undefined && this.#anchor.isCredible(createdAt),
      );
      if (last?.createdAt !== undefined) this.#anchor.reached(last.id, last.createdAt);
      this.#position = undefined;
      if (!left) this.#recovering = false;
      this.#anchor.finish();
    }
    return { rows: placed, more, left, lost: false };
  }

  /**
   * The rows up to the first that was made after this sweep began. One that became visible late, on
   * a page that is read already, may come before it in its lane: the next sweep finds them in order.
   */
  #untilSweep(rows: Row[]): Row[] {
    const end = rows.findIndex(({ createdAt }) => this.#anchor.isAfterSweep(createdAt));
    return end === -1 ? rows : rows.slice(0, end);
  }

  /**
   * The row after which the next page begins. Revision 1 passes over what shares its time with that
   * row (T21), so it is the newest that no unread row can share a time with.
   */
  #continueFrom(rows: Row[], sinceId: string | undefined): string | undefined {
    const last = rows.at(-1);
    if (last === undefined) return sinceId;
    const { createdAt } = last;
    const apart =
      createdAt === undefined || last.seq !== undefined
        ? last
        : rows.findLast((row) => row.createdAt !== undefined && row.createdAt < createdAt);
    // Pages shrink to a row where one can't be read; the next sweep looks at it with its neighbours.
    if (apart === undefined && rows.length === 1) return last.id;
    if (apart === undefined && this.#atLeast === 0) {
      // A whole page of one instant: ask for a larger one.
      this.#atLeast = LARGEST_PAGE;
      return sinceId;
    }
    if (apart === undefined) {
      const reason = `more than ${rows.length} rows of one instant; this platform can't tell the rest apart`;
      this.#parts.emit({ type: "row-unreadable", reason });
    }
    this.#atLeast = 0;
    const from = apart ?? last;
    if (from.createdAt !== undefined) this.#anchor.reached(from.id, from.createdAt);
    return from.id;
  }

  /** Without a cursor the whole past is looked at; what was settled is known by its time. */
  #forget(cursor: string): void {
    this.#parts.emit({ type: "cursor-gone", cursor });
    this.#windowStart = undefined;
    this.#oldest = undefined;
    this.#position = undefined;
    this.#recovering = true;
    this.#anchor.forget();
  }

  /**
   * Without a cursor the platform answers newest first (T1), so page back to the oldest page that
   * matters and return that one in order: reading goes forward from it. Page edges are asked for
   * twice rather than missed. A failure on the way back does not start it over.
   */
  async #fromStart(signal: AbortSignal, fresh: boolean): Promise<FeedPage> {
    this.#anchor.begin();
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
    return this.#page(oldestFirst(page.rows), more && page.rows.length > 0, undefined);
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
    const start = parseTimestamp(this.#windowStart);
    if (start === undefined) return undefined;
    const age = Math.ceil(this.#parts.platform.serverNow() / 1000) - Number(start / 1_000_000_000n);
    // More than needed, for clocks that are set back; rows from before are known by their time.
    const secs = Math.max(1, age) + CLOCK_SLACK_SECS;
    return secs > LONGEST_WINDOW_SECS ? undefined : secs;
  }

  #isOld(row: Row): boolean {
    if (row.createdAt === undefined) return false;
    if (this.#recovering) {
      const settled = this.#parts.settled();
      const at = parseTimestamp(settled?.at);
      return row.id === settled?.id || (at !== undefined && row.createdAt < at);
    }
    const start = parseTimestamp(this.#windowStart);
    return start !== undefined && row.createdAt < start;
  }
}
