/** Waiting for what becomes of a delegation. */
import { readMessage } from "../../a2a/message.ts";
import { replyMark } from "../../a2a/reply.ts";
import { readAnswer } from "../../a2a/request.ts";
import type { Log } from "../../cli/log.ts";
import type { Management } from "../../platform/management.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { get, getString } from "../../shared/json.ts";
import { awaitAnswer, type Feed, type Finder } from "../answers/await-answer.ts";
import { lookUntil } from "../answers/look-until.ts";
import { tellsDelegation } from "../answers/tidings.ts";
import { Woken } from "../answers/woken.ts";
import { findDelegation, isQueued, PREVIEW_CHARACTERS } from "./delegation.ts";

const LOOK_MS = 500;

/** What is waited for. */
export interface Order {
  /** The workspace that delegated. */
  id: string;
  targetId: string;
  delegationId: string;
  /** The newest row of its feed from before; undefined where the answer may be older. */
  since: string | undefined;
  timeoutMs: number;
  /** The system's, unless a test has another. */
  clock?: Clock;
}

export interface Ended {
  delegation_id: string;
  target_id: string;
  status: "completed" | "failed";
  /** The answer, or why there is none. */
  answer: string | undefined;
}

/**
 * The end of the delegation. Where its target was only handed the task (T30), that is the answer which
 * the target sends back, looked for in the feed of the one that delegated: only read, no cursor moves.
 * Rejects with a MoleculeError once the time is up.
 */
export async function awaitDelegation(
  platform: Management,
  { id, targetId, delegationId, since, timeoutMs, clock = systemClock }: Order,
  log: Log,
): Promise<Ended> {
  const about = { delegation_id: delegationId, target_id: targetId };
  const end = clock.monotonic() + timeoutMs;
  using woken = new Woken({
    open: (hear, options) => platform.events(id, hear, options),
    tells: tellsDelegation,
    log,
    clock,
  });
  const told = await lookUntil({ timeoutMs, pauseMs: LOOK_MS, log, woken, clock }, async () => {
    const found = findDelegation(await platform.delegations(id), delegationId);
    return found?.outcome === "running" ? undefined : found;
  });
  if (told === undefined) throw unanswered(id, timeoutMs);
  if (told.outcome === "failed") {
    return { ...about, status: "failed", answer: told.error ?? told.answer };
  }
  if (told.outcome === "completed") {
    if ([...(told.answer ?? "")].length >= PREVIEW_CHARACTERS) {
      log.info(`the platform shows the first ${PREVIEW_CHARACTERS} characters of the answer`);
    }
    return { ...about, status: "completed", answer: told.answer };
  }
  log.info("the task was handed over; the agent answers in its own time");
  const leftMs = Math.max(0, end - clock.monotonic());
  const find = delegationAnswer(targetId, delegationId);
  const late = () => unanswered(id, timeoutMs);
  const answer = await awaitAnswer(feedOf(platform, id), {
    since,
    find,
    timeoutMs: leftMs,
    log,
    late,
    woken,
    clock,
  });
  return { ...about, status: answer.failed ? "failed" : "completed", answer: answer.text };
}

/** The inbound messages of a workspace. */
export function feedOf(platform: Pick<Management, "activity">, id: string): Feed {
  return {
    activity: (query, options) => platform.activity(id, { ...query, type: "a2a_receive" }, options),
  };
}

/**
 * Finds the answer by the mark that molecule puts on it, by the delegation's id in its metadata, or in
 * the platform's own row of the result, unless that is again the mere word that the task was queued.
 */
export function delegationAnswer(targetId: string, delegationId: string): Finder {
  return (row) => {
    if (getString(row, "method") === "delegate_result") return resultRow(row, delegationId);
    if (getString(row, "source_id")?.toLowerCase() !== targetId.toLowerCase()) return undefined;
    const { metadata, text } = readMessage(get(row, "request_body"));
    const mark = replyMark(metadata);
    if (mark?.to === delegationId) return { text, failed: mark.failed, pending: mark.pending };
    if (getString(metadata, "delegation_id") !== delegationId) return undefined;
    return { text, failed: false, pending: false };
  };
}

function resultRow(row: unknown, delegationId: string) {
  const body = get(row, "response_body");
  const id =
    getString(get(row, "request_body"), "delegation_id") ?? getString(body, "delegation_id");
  if (id !== delegationId) return undefined;
  const failed = getString(row, "status") === "error";
  const text = getString(body, "text") ?? readAnswer(body) ?? getString(row, "error_detail") ?? "";
  return isQueued(text) ? undefined : { text, failed, pending: false };
}

function unanswered(id: string, timeoutMs: number): MoleculeError {
  return new MoleculeError(`no answer within ${formatDuration(timeoutMs)}`, {
    hint: `The task was taken; its answer may still come. It shows in: molecule workspace logs ${id}`,
  });
}
