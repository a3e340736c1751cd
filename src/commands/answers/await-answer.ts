/** Waiting for the answer to a message that was queued: it comes through the feed. */
import { readMessage } from "../../a2a/message.ts";
import { replyMark } from "../../a2a/reply.ts";
import { readAnswer, readNotice } from "../../a2a/request.ts";
import { INTERIM_PREFIX } from "../../bridge/runs/interim.ts";
import { OWN_WORDS } from "../../bridge/runs/replies.ts";
import type { Platform } from "../../platform/platform.ts";
import { formatDuration } from "../../shared/duration.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { get, getString } from "../../shared/json.ts";
import { parseTimestamp } from "../../shared/timestamp.ts";
import { lookUntil, type Looking } from "./look-until.ts";

/** Well under the platform's limit of 600 calls a minute. */
const LOOK_MS = 300;
const PAGE_ROWS = 100;
const OVERLAP_NS = 2_000_000_000n;

/** What came back; `failed` when it is the word that there is no answer. */
export interface Answer {
  text: string;
  failed: boolean;
  /** It is the word that the answer must wait. */
  pending: boolean;
}

/** Tells by a row of the feed whether it is the answer; rows come oldest first. */
export type Finder = (row: unknown) => Answer | undefined;

/** The feed of whoever the answer comes to. */
export type Feed = Pick<Platform, "activity">;

export function peerAnswer(agentId: string, messageId: string): Finder {
  return (row) => {
    if (getString(row, "source_id")?.toLowerCase() !== agentId.toLowerCase()) return undefined;
    const { metadata, text } = readMessage(get(row, "request_body"));
    const mark = replyMark(metadata);
    if (mark?.to !== messageId) return undefined;
    return { text, failed: mark.failed, pending: mark.pending };
  };
}

/**
 * Notices name no message: the first one after ours is taken, unless it is text on the way to an answer.
 * An agent in push mode that takes its time answers in the row of the message itself, once it is done
 * (contract 2.3, "push-mode log").
 */
export function canvasAnswer(messageId: string): Finder {
  let asked = false;
  return (row) => {
    if (readMessage(get(row, "request_body")).messageId === messageId) {
      asked = true;
      return pushedAnswer(row);
    }
    return asked ? noticeAnswer(row) : undefined;
  };
}

/**
 * What a notice says as an answer, whoever asked; undefined for text on the way to one, and for a row that
 * is no notice. The bridge's own words are told by how they begin.
 */
export function noticeAnswer(row: unknown): Answer | undefined {
  if (getString(row, "method") !== "notify") return undefined;
  const text = readNotice(get(row, "response_body"));
  if (text.startsWith(INTERIM_PREFIX)) return undefined;
  const failed = text.startsWith(OWN_WORDS.failed) || text === OWN_WORDS.refused;
  return { text, failed, pending: text.startsWith(OWN_WORDS.pending) };
}

/** The id of the newest row: an answer comes after it. Undefined for a feed without rows. */
export async function newestRow(feed: Feed): Promise<string | undefined> {
  return getString((await feed.activity({ limit: 1 }))[0], "id");
}

/** What is waited for, how long, and who is told of trouble. */
export interface Awaiting extends Omit<Looking, "pauseMs"> {
  /** The id of the row that the answer comes after; undefined for one that may be any. */
  since: string | undefined;
  find: Finder;
  /** What to throw once the time is up. */
  late?: () => Error;
}

/** The answer; rejects with what `late` gives once the time is up. Only reads, and moves no cursor. */
export async function awaitAnswer(feed: Feed, awaiting: Awaiting): Promise<Answer> {
  const { since, find, late, ...looking } = awaiting;
  const { timeoutMs, log } = looking;
  const seen = new Set<string>();
  let cursor = since;
  const look = async (signal: AbortSignal) => {
    for (; !signal.aborted;) {
      const rows = await feed.activity({ limit: PAGE_ROWS, sinceId: cursor }, { signal });
      // Without a cursor the platform answers newest first.
      if (cursor === undefined) rows.reverse();
      for (const row of rows) {
        const id = getString(row, "id") ?? "";
        if (seen.has(id)) continue;
        seen.add(id);
        const answer = find(row);
        if (answer?.pending === true) log.info(answer.text);
        else if (answer !== undefined) return answer;
      }
      cursor = nextCursor(rows) ?? cursor;
      if (rows.length < PAGE_ROWS) break;
    }
    return undefined;
  };
  const answer = await lookUntil({ ...looking, pauseMs: LOOK_MS }, look);
  if (answer === undefined) throw late?.() ?? noAnswer(timeoutMs);
  return answer;
}

/** The time is up. */
export function noAnswer(timeoutMs: number): MoleculeError {
  return new MoleculeError(`no answer within ${formatDuration(timeoutMs)}`, {
    hint: "The message is with the platform; its answer may still come. --timeout waits longer.",
  });
}

/**
 * From which row to read on. Revision 1 never shows what shares the time of the cursor's row (T21), and rows
 * may appear late: the newest ones are read again, unless they fill the page.
 */
function nextCursor(rows: readonly unknown[]): string | undefined {
  const newest = timeOf(rows.at(-1));
  const settled = rows.findLast((row) => newest - timeOf(row) >= OVERLAP_NS);
  const last = rows.length < PAGE_ROWS ? settled : (settled ?? rows.at(-1));
  return getString(last, "id");
}

function timeOf(row: unknown): bigint {
  return parseTimestamp(get(row, "created_at")) ?? 0n;
}

function pushedAnswer(row: unknown): Answer | undefined {
  const body = get(row, "response_body");
  const text = readAnswer(body);
  if (text !== undefined) return { text, failed: false, pending: false };
  const said = get(body, "error");
  const complaint = typeof said === "string" ? said : getString(said, "message");
  const failed = getString(row, "status") === "error";
  const words =
    getString(row, "error_detail") ?? complaint ?? (failed ? "no reason given" : undefined);
  return words === undefined ? undefined : { text: words, failed: true, pending: false };
}
