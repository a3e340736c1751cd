/** Rows of the page, as few words as a test needs. */
import type { PageRow } from "../../../../src/page/wire.ts";

const START = Date.UTC(2026, 0, 1);

/** The `n`th row, a second after the one before it. */
export function rowOf(n: number, more: Partial<PageRow> = {}): PageRow {
  return {
    id: `row-${n}`,
    seq: n,
    at: new Date(START + n * 1_000).toISOString().replace("Z", "000000Z"),
    workspaceId: "w",
    kind: "user",
    type: "a2a_receive",
    method: "message/send",
    sourceId: null,
    targetId: "w",
    status: "ok",
    summary: null,
    error: null,
    durationMs: null,
    messageId: `message-${n}`,
    said: { text: `text ${n}`, clipped: false, files: [] },
    answer: null,
    ...more,
  };
}

/** Rows from one number down to another: newest first, as a page has them. */
export function rowsDown(from: number, to: number): PageRow[] {
  return Array.from({ length: from - to + 1 }, (_, i) => rowOf(from - i));
}
