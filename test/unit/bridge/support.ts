/** What the tests of the bridge share: runs to the end of a backlog, rows, and stores made by hand. */
import { readRow } from "../../../src/a2a/feed-row.ts";
import { entryOf } from "../../../src/bridge/feed/admission.ts";
import { composeReply } from "../../../src/bridge/runs/replies.ts";
import { readEntered } from "../../../src/bridge/runs/run.ts";
import type { ActivityRow } from "../../../src/contract/types.ts";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { formatTimestamp } from "../../../src/shared/timestamp.ts";
import type { LocalStore } from "../../../src/store/local.ts";
import { openDeadLetters } from "../../../src/store/open-dead-letters.ts";
import type { DeadLetter, Reply } from "../../../src/store/store.ts";
import { TestBridge, type BridgeUnderTest } from "../../harness/bridge.ts";
import { row, WORKSPACE, type ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { openStore } from "../store/support.ts";

/** Another peer than the usual one. */
export const OTHER = "33333333-3333-4333-8333-333333333333";

/** A row of the canvas user's. */
export const canvas = (n: number, change: Parameters<typeof row>[1] = {}) =>
  row(n, { source_id: null, ...change });

/** A row of the other peer's. */
export const other = (n: number, change: Parameters<typeof row>[1] = {}) =>
  row(n, { source_id: OTHER, ...change });

/** Runs until everything that is there is settled. */
export async function once(platform: ScriptedPlatform, setup: BridgeUnderTest = {}) {
  const options = { once: true, ...setup.options };
  const bridge = new TestBridge(platform.url, { ...setup, options });
  return { bridge, end: await bridge.ended };
}

/** The texts that were posted to peers. */
export const replies = (platform: ScriptedPlatform): string[] =>
  platform.calls("a2a").map((call) => call.body.params.message.parts[0].text);

/** The message ids under which they were posted. */
export const replyIds = (platform: ScriptedPlatform): string[] =>
  platform.calls("a2a").map((call) => call.body.params.message.messageId);

/** The texts that were shown on the canvas. */
export const notices = (platform: ScriptedPlatform): string[] =>
  platform.calls("notify").map((call) => call.body.message);

/** A refusal in the platform's words, or with the whole of its body. */
export const refusal = (
  status: number,
  error: string | object = "no",
  headers: Record<string, string> = {},
) => Response.json(typeof error === "string" ? { error } : error, { status, headers });

/** The dead letters, whole. */
export async function deadLetters(folder: string): Promise<DeadLetter[]> {
  const opened = openDeadLetters(folder, WORKSPACE);
  if (opened === undefined) return [];
  try {
    const listed = await opened.letters.list();
    const found = await Promise.all(listed.map(({ id }) => opened.letters.get(id)));
    return found.filter((letter) => letter !== undefined);
  } finally {
    opened.close();
  }
}

/** Does something with the store while no bridge runs: what an earlier one may have left. */
export async function withStore<T>(
  folder: string,
  act: (store: LocalStore) => Promise<T>,
): Promise<T> {
  await using store = await openStore(folder);
  return await act(store);
}

/** Of a message that was not run yet. */
export const FRESH = { generation: 0, attempts: 0, crashes: 0 };

/** Enters rows as the bridge does. */
export async function enter(store: LocalStore, ...rows: ActivityRow[]): Promise<void> {
  const entries = rows.map((raw) => {
    const read = readRow(raw);
    if (read?.createdAt === undefined) throw new Error("no row");
    return entryOf({ row: read, at: formatTimestamp(read.createdAt), old: false }, WORKSPACE).row;
  });
  await store.journal.admit(entries, undefined);
}

/** A disk that is full, in the store's words. */
export const diskFull = () =>
  new MoleculeError("the database can't be used (SQLITE_FULL)", {
    cause: Object.assign(new Error("full"), { code: "SQLITE_FULL" }),
  });

/** Leaves the answer to the first row as a bridge does that dies while the peer holds it; gives its message id. */
export async function leaveOpen(store: LocalStore): Promise<string> {
  const { kept, composed } = await keep(store, row(1), "echo: text 1");
  await store.outbox.handOver(kept);
  return JSON.parse(composed.body).id;
}

/** Leaves an answer to the canvas as a bridge does that dies before it knows that it was posted. */
export async function keepNotice(
  store: LocalStore,
  raw: ActivityRow,
  text: string,
): Promise<Reply> {
  return (await keep(store, raw, text)).kept;
}

async function keep(store: LocalStore, raw: ActivityRow, text: string) {
  await enter(store, raw);
  await store.journal.begin(raw.id, true);
  const message = readEntered(await store.journal.row(raw.id), WORKSPACE);
  if (message === undefined) throw new Error("nothing was entered");
  const composed = composeReply({ ...FRESH, id: raw.id }, message, "answer", text);
  await store.outbox.keep(composed);
  const head = await store.journal.head(raw.source_id ?? "");
  if (head?.reply === undefined) throw new Error("nothing was kept");
  return { kept: head.reply, composed };
}
