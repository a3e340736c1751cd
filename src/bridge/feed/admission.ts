/** What a row of the feed is to the journal. */
import { digestOf, identityOf } from "../../a2a/identity.ts";
import { interpret, type InboundMessage } from "../../a2a/feed-row.ts";
import { readNotice } from "../../a2a/request.ts";
import { get, getString, isTooDeep } from "../../shared/json.ts";
import type { NewMessage, NewRow } from "../../store/store.ts";
import type { FeedRow } from "./feed.ts";

/** A row as it is entered, and why it is passed over, where it is. */
export interface Entry {
  row: NewRow;
  skip: { reason: string; routine: boolean } | undefined;
}

/** Reads a row for the workspace `ownId`. Never throws. */
export function entryOf({ row, at, old }: FeedRow, ownId: string): Entry {
  const place = { id: row.id, at };
  const passed = (reason: string, routine: boolean): Entry => ({
    row: { ...place, message: undefined, notice: noticeOf(row.raw) },
    skip: { reason, routine },
  });
  if (old) return passed("from before what is looked at", true);
  const reading = interpret(row, ownId);
  if (reading.kind === "skip") return passed(reading.reason, reading.routine);
  if (isTooDeep(row.raw)) return passed("it is nested too deeply to be kept", false);
  const message = toEnter(reading.message, row.raw);
  return { row: { ...place, message, notice: undefined }, skip: undefined };
}

function toEnter(message: InboundMessage, raw: unknown): NewMessage {
  return {
    lane: message.peerId ?? "",
    raw: JSON.stringify(raw),
    ...identityOf(message.envelope),
    isReply: message.isReply,
    isEmpty: message.text === "",
  };
}

/** The digest of our own notice's text, where the row is its echo (contract 2.3, T3). */
function noticeOf(raw: unknown): string | undefined {
  if (getString(raw, "method") !== "notify") return undefined;
  return digestOf(readNotice(get(raw, "response_body")));
}
