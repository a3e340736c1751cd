/**
 * Reading a feed from now on, also what appears late or shares an instant with its neighbour. It shares
 * nothing with the bridge's reading, since it is to tell what the bridge has missed.
 */
import { readRow, type Row } from "../../../a2a/feed-row.ts";
import type { CallOptions, Platform } from "../../../platform/platform.ts";
import { getString } from "../../../shared/json.ts";

/** The platform's largest page (contract 2.3). */
const PAGE_ROWS = 500;

/** How far behind the newest row one may still appear; `molecule dev --late-commits` takes at most 5 s. */
const OVERLAP_NS = 6_000_000_000n;

/** So far are the rows apart from which to look back. */
const STEP_NS = 200_000_000n;

export class Tail {
  readonly #feed: Pick<Platform, "activity">;
  readonly #seen = new Set<string>();
  /** Where reading began: undefined for a feed that had no rows. */
  #start: string | undefined;
  /** The newest row that was read. */
  #tip: string | undefined;
  #tipAt = 0n;
  /** Rows from which to look back: now and then one, from the newest that lies behind the overlap on. */
  readonly #trail: { id: string; at: bigint }[] = [];

  constructor(feed: Pick<Platform, "activity">) {
    this.#feed = feed;
  }

  /** Begins after the newest row that there is. */
  async begin(options?: CallOptions): Promise<void> {
    const [newest] = await this.#feed.activity({ limit: 1 }, options);
    this.#start = getString(newest, "id");
    this.#tip = this.#start;
  }

  /**
   * Hands over each new row once, the oldest first. `back` also looks for rows among those that are known
   * already, as far as one may still appear there.
   */
  async read(take: (row: Row) => void, back: boolean, options?: CallOptions): Promise<void> {
    for (let from = back ? this.#anchor() : this.#tip; ;) {
      const rows = await this.#page(from, options);
      for (const row of rows) {
        this.#advance(row);
        if (this.#seen.has(row.id)) continue;
        this.#seen.add(row.id);
        take(row);
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      from = last.id;
      if (rows.length < PAGE_ROWS) return;
    }
  }

  #anchor(): string | undefined {
    const [oldest] = this.#trail;
    return oldest !== undefined && oldest.at <= this.#tipAt - OVERLAP_NS ? oldest.id : this.#start;
  }

  #advance({ id, createdAt }: Row): void {
    // In a look back all rows but new ones are known, and older than the newest.
    if (createdAt === undefined || createdAt < this.#tipAt) return;
    this.#tip = id;
    this.#tipAt = createdAt;
    const last = this.#trail.at(-1);
    if (last === undefined || createdAt - last.at >= STEP_NS)
      this.#trail.push({ id, at: createdAt });
    while ((this.#trail[1]?.at ?? createdAt) <= createdAt - OVERLAP_NS) this.#trail.shift();
  }

  /** The rows after a place; without one all that there are, which come newest first. */
  async #page(from: string | undefined, options?: CallOptions): Promise<Row[]> {
    const read = async (query: { sinceId?: string; beforeTs?: string | undefined }) =>
      this.#feed.activity({ limit: PAGE_ROWS, ...query }, options);
    if (from !== undefined) return rowsOf(await read({ sinceId: from }));
    const all: unknown[] = [];
    for (let beforeTs: string | undefined; ;) {
      const page = await read({ beforeTs });
      all.push(...page);
      beforeTs = getString(page.at(-1), "created_at");
      if (page.length < PAGE_ROWS || beforeTs === undefined) return rowsOf(all.reverse());
    }
  }
}

function rowsOf(raw: unknown[]): Row[] {
  return raw.map(readRow).filter((row) => row !== undefined);
}
