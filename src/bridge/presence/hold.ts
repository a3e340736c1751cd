/** Makes sure that this is the only bridge of the workspace here. */
import { MoleculeError } from "../../shared/errors.ts";
import type { Holder, StoreLock } from "../../store/store.ts";
import type { Emit } from "../events.ts";

/**
 * Takes the lock; where another holds it, waits for it if asked. Resolves with whether it was taken:
 * false once `stop` aborts. Rejects with who holds it.
 */
export async function hold(
  lock: StoreLock,
  parts: { emit: Emit },
  wait: boolean,
  stop: AbortSignal,
): Promise<boolean> {
  for (let told = false; !stop.aborted; told = true) {
    const taken = await lock.take(stop);
    if (taken === "taken") return true;
    if (stop.aborted) break;
    if (!wait) throw heldBy(taken.heldBy, lock.isShared);
    const shared = lock.isShared ? { shared: true } : {};
    if (!told) parts.emit({ type: "lock-waiting", holder: taken.heldBy, ...shared });
    await lock.untilFree(stop);
  }
  return false;
}

function heldBy(holder: Holder | undefined, isShared: boolean): MoleculeError {
  const who =
    holder === undefined
      ? "another process"
      : `process ${holder.pid} on ${holder.host}, since ${holder.since.replace(/\.\d+Z$/, "Z")}`;
  return new MoleculeError(`another bridge holds this workspace: ${who}`, {
    hint: isShared
      ? "It settles what comes in; to do that here, stop it first."
      : "Stop that one first, or wait for its end with --wait-lock.",
  });
}
