/** What a process that died left behind is put in order before any work begins. */
import { asObject, getNumber, getString, tryParseJson } from "../shared/json.ts";
import type { Memory } from "../store/store.ts";
import type { BridgeParts, LeftRun } from "./parts.ts";

/** Under this key of the memory stand the runs of messages that the platform pushed. */
export const PUSHED_RUNS = "push/runs";

/** Ends what is left of interrupted runs, so that no message has two, and lets them run again. */
export async function recoverRuns({
  store,
  emit,
  endLeftovers,
}: Pick<BridgeParts, "store" | "emit" | "endLeftovers">): Promise<void> {
  const interrupted = await store.journal.interrupted();
  const runs = interrupted.map(({ id, child }) => ({
    activityId: id,
    pid: child?.pid,
    identity: child?.identity,
  }));
  // Of a bridge in push mode, whose messages are its own to count: here only their processes are ended.
  const pushed = await pushedRuns(store.memory);
  if (runs.length === 0 && pushed.length === 0) return;
  const processes = await endLeftovers([...runs, ...pushed]);
  for (const { id } of interrupted) await store.journal.recover(id);
  if (interrupted.length > 0) emit({ type: "recovered", runs: interrupted.length, processes });
}

/** What the death of a process left running of messages that the platform pushed. */
export async function pushedRuns(memory: Memory): Promise<LeftRun[]> {
  // What can't be read is of a newer version, perhaps: as if nothing were there.
  const kept = asObject(tryParseJson(await memory.recall(PUSHED_RUNS))) ?? {};
  return Object.entries(kept).map(([activityId, child]) => ({
    activityId,
    pid: getNumber(child, "pid"),
    identity: getString(child, "identity"),
  }));
}
