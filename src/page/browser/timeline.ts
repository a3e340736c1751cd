/** Rows of one view of a workspace, oldest first: what was read of the past, and what came since. */
import type { PageRow, RowPage, View } from "../wire.ts";

/** More than these are not kept: a page may stay open for days. */
const MAX_ROWS = 5_000;
/** So many are shown at first, and so many more each time that somebody asks. */
const STEP = 100;

export class Timeline {
  rows: PageRow[] = [];
  /** `unread`: the newest page is to be read, for the first time or again. */
  state: "unread" | "reading" | "read" | "failed" = "unread";
  /** Why the past, or more of it, could not be read. */
  problem: string | undefined;
  #next: string | null = null;
  #limit = STEP;
  /** The first of those that were shown last. */
  #first: PageRow | undefined;
  /** Up to here nothing is missing; undefined before anything was read. */
  #whole: PageRow | undefined;
  #wasRead = false;

  /** The rows that are to be shown: the newest. `stays`: all from the first one on that was shown last. */
  show(stays: boolean): readonly PageRow[] {
    const newest = Math.max(0, this.rows.length - this.#limit);
    // One that was dropped (-1) leaves all that are here.
    const start =
      stays && this.#first !== undefined ? Math.max(0, this.rows.indexOf(this.#first)) : newest;
    this.#first = this.rows[start];
    return this.rows.slice(start);
  }

  /** Whether there are older ones than those shown. */
  get hasEarlier(): boolean {
    return this.#next !== null || this.rows[0] !== this.#first;
  }

  /** A row that is new, or seen late. */
  add(row: PageRow): void {
    insert(this.rows, row);
    if (this.rows.length <= MAX_ROWS) return;
    // What was dropped would be missing between these and an older page.
    this.rows.splice(0, this.rows.length - MAX_ROWS / 2);
    this.#next = null;
  }

  /** Shows more of them; gives where to read on, where there are not enough here. */
  widen(): string | undefined {
    const first = this.#first === undefined ? -1 : this.rows.indexOf(this.#first);
    this.#limit = this.rows.length - Math.max(0, first) + STEP;
    this.#first = undefined;
    return this.rows.length < this.#limit ? (this.#next ?? undefined) : undefined;
  }

  /** Rows may come from now on that are not told of: the newest page has to be read again. */
  pause(): void {
    if (this.state === "read") this.#whole = this.rows.at(-1);
    this.state = "unread";
  }

  /** The newest page. What was here stays if nothing can be missing between the two. */
  restart({ rows, next }: RowPage): void {
    const oldest = rows.at(-1);
    const isAll = next === null || oldest === undefined;
    const meets = isAll || (this.#whole !== undefined && compare(oldest, this.#whole) <= 0);
    if (!meets || !this.#wasRead) this.#next = next;
    if (!meets) {
      this.rows = this.rows.filter((row) => oldest !== undefined && compare(row, oldest) > 0);
      this.#limit = STEP;
      this.#first = undefined;
    }
    for (const row of rows) insert(this.rows, row);
    this.#wasRead = true;
    this.state = "read";
    this.problem = undefined;
  }

  /** An older page, which was asked for with `before`. It may be one that does not fit any more. */
  extend({ rows, next }: RowPage, before: string): void {
    if (before !== this.#next) return;
    for (const row of rows) insert(this.rows, row);
    this.#next = next;
    this.#first = undefined;
    this.problem = undefined;
  }
}

/** Which row stands before the other: below 0 the first. */
export function compare(a: PageRow, b: PageRow): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return a.seq - b.seq;
}

/** Whether a row is part of a view of this workspace. */
export function belongs(row: PageRow, workspaceId: string, view: View): boolean {
  const isOwn = row.workspaceId === workspaceId;
  switch (view) {
    case "conversation":
      return isOwn && (row.kind === "user" || row.kind === "agent" || row.kind === "progress");
    case "peers":
      return row.kind === "peer" && (isOwn || row.sourceId === workspaceId);
    case "activity":
      return isOwn;
  }
}

/** Puts a row in its place; once, however often it comes. Most belong at the end. */
function insert(rows: PageRow[], row: PageRow): void {
  let at = rows.length;
  for (; at > 0; at--) {
    const order = compare(rows[at - 1] as PageRow, row);
    if (order === 0) return;
    if (order < 0) break;
  }
  rows.splice(at, 0, row);
}
