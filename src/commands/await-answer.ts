/** Waiting for the answer to a message that was queued: it comes through the feed. */
import { readMessage } from "../a2a/message.ts";
import { replyMark } from "../a2a/reply.ts";
import { readNotice } from "../a2a/request.ts";
import { INTERIM_PREFIX } from "../bridge/runs/interim.ts";
import { OWN_WORDS } from "../bridge/runs/replies.ts";
import type { Log } from "../cli/log.ts";
import { PlatformError, type Platform } from "../platform/platform.ts";
import { fullJitter } from "../shared/backoff.ts";
import { systemClock } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { MoleculeError } from "../shared/errors.ts";
import { get, getString } from "../shared/json.ts";

/** Well under the platform's limit of 600 calls a minute. */
const LOOK_MS = 300;
const PAGE_ROWS = 100;

/** What came back; `failed` when it is the word that there is no answer. */
export interface Answer {
  text: string;
  failed: boolean;
  /** It is the word that the answer must wait. */
  pending: boolean;
}

/** Tells by a row of the feed whether it is the answer; rows come oldest first. */
export type Finder = (row: unknown) => Answer | undefined;

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
 * The bridge's own words are told by how they begin.
 */
export function canvasAnswer(messageId: string): Finder {
  let asked = false;
  return (row) => {
    if (readMessage(get(row, "request_body")).messageId === messageId) asked = true;
    if (!asked || getString(row, "method") !== "notify") return undefined;
    const text = readNotice(get(row, "response_body"));
    if (text.startsWith(INTERIM_PREFIX)) return undefined;
    const failed = text.startsWith(OWN_WORDS.failed) || text === OWN_WORDS.refused;
    return { text, failed, pending: text.startsWith(OWN_WORDS.pending) };
  };
}

export async function newestRow(platform: Platform): Promise<string | undefined> {
  return getString((await platform.activity({ limit: 1 }))[0], "id");
}

export async function awaitAnswer(
  platform: Platform,
  since: string | undefined,
  find: Finder,
  timeoutMs: number,
  log: Log,
): Promise<Answer> {
  const end = systemClock.monotonic() + timeoutMs;
  let cursor = since;
  for (let failures = 0; systemClock.monotonic() < end;) {
    try {
      const rows = await platform.activity({ limit: PAGE_ROWS, sinceId: cursor });
      failures = 0;
      // Without a cursor the platform answers newest first.
      for (const row of cursor === undefined ? rows.reverse() : rows) {
        const answer = find(row);
        if (answer?.pending === true) log.info(answer.text);
        else if (answer !== undefined) return answer;
        cursor = getString(row, "id") ?? cursor;
      }
      if (rows.length < PAGE_ROWS) await systemClock.sleep(LOOK_MS);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "transient") throw error;
      failures += 1;
      if (failures === 1) log.warn(`${error.message}; trying again`);
      await systemClock.sleep(fullJitter(failures, Math.random));
    }
  }
  throw noAnswer(timeoutMs);
}

/** The time is up. */
export function noAnswer(timeoutMs: number): MoleculeError {
  return new MoleculeError(`no answer within ${formatDuration(timeoutMs)}`, {
    hint: "The message is with the platform; its answer may still come. --timeout waits longer.",
  });
}
