/**
 * Whether a notice to the canvas was posted although no answer said so. The call has no id (contract
 * 2.5), but its echo stands in our own feed.
 */
import { digestOf } from "../../a2a/identity.ts";
import { readRow, type Row } from "../../a2a/feed-row.ts";
import { readNotice } from "../../a2a/request.ts";
import { get, getString } from "../../shared/json.ts";
import type { Platform } from "../../platform/platform.ts";
import { formatTimestamp } from "../../shared/timestamp.ts";
import type { Reply, Store } from "../../store/store.ts";

/** How long a row may take to become visible, with some room. */
export const ECHO_MS = 3_000;
const PAGE_ROWS = 200;
/** So far back an echo is looked for. */
const MOST_PAGES = 10;

export interface NoticesParts {
  platform: Pick<Platform, "activity">;
  store: { journal: Pick<Store["journal"], "known">; outbox: Pick<Store["outbox"], "notices"> };
}

/**
 * Looks for an echo that belongs to no other notice: the same text may have been said before. A
 * notice that answers a row stands behind it in the feed. Rejects with a PlatformError.
 */
export async function wasPosted(
  { platform, store }: NoticesParts,
  { digest = "", at }: Pick<Reply, "digest" | "at">,
  signal: AbortSignal,
): Promise<boolean> {
  const { posted, echoes } = await store.outbox.notices(digest, at);
  let unclaimed = echoes - posted;
  let beforeTs: string | undefined;
  for (let pages = 0; pages < MOST_PAGES && unclaimed <= 0; pages++) {
    const query = { limit: PAGE_ROWS, beforeTs, source: "canvas" } as const;
    const rows = (await platform.activity(query, { signal })).map(readRow);
    const read = rows.filter((row) => row !== undefined);
    const known = await store.journal.known(read.map((row) => row.id));
    const isNews = (row: Row) => !known.has(row.id) && !isBefore(row, at);
    unclaimed += read.filter((row) => isNews(row) && isEcho(row, digest)).length;
    const oldest = read.at(-1)?.createdAt;
    if (rows.length < PAGE_ROWS || oldest === undefined) break;
    beforeTs = formatTimestamp(oldest);
    if (beforeTs < at) break;
  }
  if (unclaimed > 0) return true;
  // What was entered in the journal meanwhile was known there, and not yet counted before.
  const now = await store.outbox.notices(digest, at);
  return now.echoes > now.posted;
}

/** From before the journal, or before what it has read: of a notice to an earlier message. */
function isBefore({ createdAt }: Row, at: string): boolean {
  return createdAt !== undefined && formatTimestamp(createdAt) < at;
}

function isEcho({ raw }: Row, digest: string): boolean {
  if (getString(raw, "method") !== "notify") return false;
  return digestOf(readNotice(get(raw, "response_body"))) === digest;
}
