/** What is kept of the files of dead letters, which nobody may ever look at again. */
import type { BridgeParts } from "../parts.ts";

/** How long the platform keeps an upload (contract 2.10): a retry could fetch it again until then. */
const RECEIVED_MS = 24 * 3_600_000;
/** Of all dead letters together; beyond this the oldest lose what they have. */
export const MAX_DEAD_BYTES = 2 * 1024 * 1024 * 1024;

/**
 * Removes of each dead letter what its run left, which a retry would not use, and after a day what came
 * with it: a retry tells that it is gone. Copies of what goes with an undelivered answer stay, unless all
 * of it is more than `mostBytes`.
 */
export async function trimDeadFiles(
  { store, clock, emit }: Pick<BridgeParts, "store" | "clock" | "emit">,
  mostBytes = MAX_DEAD_BYTES,
): Promise<void> {
  const { files, deadLetters } = store;
  const folders = new Set(await files.list());
  if (folders.size === 0) return;
  const letters = (await deadLetters.list()).filter(({ id }) => folders.has(id));
  let left = mostBytes;
  for (const { id, diedAt } of letters.toSorted((a, b) => b.diedAt - a.diedAt)) {
    const isOld = clock.now() - diedAt > RECEIVED_MS;
    for (const what of isOld ? (["left", "received"] as const) : (["left"] as const)) {
      if (!(await files.has(id, what))) continue;
      // It may have been revived since, and run at this moment.
      if ((await deadLetters.get(id)) !== undefined) await files.discard(id, what);
    }
    const bytes = await files.bytes(id);
    left -= bytes;
    if (left >= 0) continue;
    if (bytes === 0 || (await deadLetters.get(id)) === undefined) continue;
    await files.remove(id);
    emit({ type: "dead-files-removed", activityId: id, bytes, mostBytes });
  }
}
