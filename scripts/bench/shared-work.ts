/** What a store is given to do for one message, by either kind of store. */
import type { NewRow, Store } from "../../src/store/store.ts";
import { formatTimestamp } from "../../src/shared/timestamp.ts";

const LANE = "4d6f5374-0000-4000-8000-000000000001";
const TEXT = "x".repeat(1_024);
/** How many of the calls below are commits. */
export const COMMITS = 5;

/** Calls a step by its name, and may measure it. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

const simply: Step = (_, work) => work();
let rows = 0;

/** A row of 1 KiB, newer than those before. */
export function newRow(): NewRow {
  const id = crypto.randomUUID();
  const at = formatTimestamp(BigInt(Date.now()) * 1_000_000n + BigInt((rows += 1)));
  const message = { lane: LANE, raw: TEXT, ids: [id], digest: id };
  return { id, at, message, notice: undefined };
}

/** One message, from its row to the cursor behind it, as the bridge does that for one that comes alone. */
export async function message(store: Store, step: Step = simply): Promise<void> {
  const row = newRow();
  const { id, at } = row;
  await step("a message entered", () => store.journal.admit([row], { id, at }));
  await store.journal.head(LANE);
  await step("its run begun", () => store.journal.begin(id, true));
  const answer = { activityId: id, lane: LANE, kind: "answer", generation: 0 } as const;
  const reply = await step("its answer kept", () =>
    store.outbox.keep({ ...answer, body: TEXT, digest: undefined }),
  );
  await store.outbox.body(reply);
  await step("settled as it was posted", () => store.outbox.posted(reply, at));
  const settled = await store.journal.watermark();
  const cursor = { lastSinceId: id, settled, windowStart: at, fetchFromId: undefined };
  await step("the cursor behind it saved", () => store.saveCursor(cursor));
}
