/** Pages of the feed: as large as can be read, each row decoded, in a known order. */
import { readHead, readRow, type Row } from "../../a2a/feed-row.ts";
import { PlatformError, type ActivityQuery, type Platform } from "../../platform/platform.ts";
import type { Emit } from "../events.ts";

/** Rows asked for at once. Large, since revision 1 may lose rows at a page's end (T21). */
const PAGE_ROWS = 100;

export interface Page {
  /** In the platform's order. */
  rows: Row[];
  /** There are as many rows as were asked for, so there may be more. */
  full: boolean;
}

export interface PagesParts {
  platform: Pick<Platform, "activity">;
  emit: Emit;
  /** Awaited before each request: keeps the pace, and tells that the loop is not hanging. */
  beforeLoad(signal: AbortSignal): Promise<void>;
}

export class Pages {
  readonly #parts: PagesParts;
  #limit = PAGE_ROWS;
  /** A row that can't be read is told at the edge. */
  #toldUnreadable = false;

  constructor(parts: PagesParts) {
    this.#parts = parts;
  }

  /**
   * One page; one whose answer is too large or cut off is asked for again in smaller ones. At least
   * `atLeast` rows are asked for, as long as they can be read. Rejects with a PlatformError.
   */
  async load(
    query: Omit<ActivityQuery, "limit">,
    signal: AbortSignal,
    fresh = false,
    atLeast = 0,
  ): Promise<Page> {
    for (;;) {
      const limit = Math.max(this.#limit, atLeast);
      await this.#parts.beforeLoad(signal);
      try {
        const raw = await this.#parts.platform.activity({ ...query, limit }, { signal, fresh });
        const rows = raw.map(readRow).filter((row) => row !== undefined);
        if (rows.length < raw.length) this.#reportUnreadable(raw.length, rows.length);
        this.#limit = Math.min(PAGE_ROWS, this.#limit * 2);
        this.#toldUnreadable = false;
        if (rows.some((row) => row.id === query.sinceId)) throw ignoresCursor();
        return { rows, full: raw.length >= limit };
      } catch (error) {
        if (!(error instanceof PlatformError) || error.failure.unreadable !== true) throw error;
        if (signal.aborted) throw error;
        if (limit === 1) return this.#oneUnreadable(error);
        this.#limit = Math.max(1, Math.floor(Math.min(limit, this.#limit * 2) / 2));
        atLeast = 0;
        this.#parts.emit({ type: "page-shrunk", limit: this.#limit, reason: error.message });
      }
    }
  }

  /**
   * One row alone can't be read. Larger than the 40 MiB that we read of an answer, it would stand in
   * the way of all others for ever, so it is passed over, as long as its id can be told; anything
   * else may pass by itself.
   */
  #oneUnreadable(error: PlatformError): Page {
    const row = readHead(error.failure.head);
    if (row !== undefined || !this.#toldUnreadable) {
      const reason =
        row === undefined ? error.message : `${error.message}; row ${row.id} is passed over`;
      this.#parts.emit({ type: "row-unreadable", reason });
    }
    this.#toldUnreadable = row === undefined;
    if (row === undefined) throw error;
    return { rows: [row], full: true };
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
}

/** With it every message would be delivered again and again. */
function ignoresCursor(): PlatformError {
  return new PlatformError("fetching messages: the answer holds the row that it should follow", {
    verdict: "permanent",
    hint: "This platform, or a proxy before it, ignores since_id: it is too old to connect to.",
  });
}

/** Each row once, where it came first. */
export function unique(rows: Row[]): Row[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

/**
 * A page that came newest first, turned round. Sorted by time besides, since older platforms leave
 * rows of one instant in no order: by the platform's own sequence where both have one.
 */
export function oldestFirst(rows: Row[]): Row[] {
  return unique(rows)
    .reverse()
    .sort((a, b) => {
      if (a.createdAt === undefined || b.createdAt === undefined) return 0;
      if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
      return a.seq !== undefined && b.seq !== undefined ? a.seq - b.seq : 0;
    });
}
