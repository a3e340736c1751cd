/** What a process that died left behind is put in order before any work begins. */
import type { BridgeParts } from "./parts.ts";

/** Ends what is left of interrupted runs, so that no message has two, and lets them run again. */
export async function recoverRuns({
  store,
  emit,
  endLeftovers,
}: Pick<BridgeParts, "store" | "emit" | "endLeftovers">): Promise<void> {
  const interrupted = await store.journal.interrupted();
  if (interrupted.length === 0) return;
  const runs = interrupted.map(({ id, child }) => ({
    activityId: id,
    pid: child?.pid,
    identity: child?.identity,
  }));
  const processes = await endLeftovers(runs);
  for (const { id } of interrupted) await store.journal.recover(id);
  emit({ type: "recovered", runs: interrupted.length, processes });
}
