/** The frame of every bridge's life: the workspace is held, and its store open, for as long as it lasts. */
import { within } from "../../shared/clock.ts";
import { LeaseLost } from "../../shared/lease-lost.ts";
import { messageOf } from "../../shared/errors.ts";
import { hold } from "./hold.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import type { Asked } from "../stops.ts";

/** How long cut work may take to end its children, and a store to close, before it is left behind. */
export const LAST_WAIT_MS = 5_000;

/**
 * Runs `live` with the lock and the open store; again, where another process had the workspace in between.
 * Resolves with whether it was run to its end: not where we were told to stop without having it.
 */
export async function whileHeld(
  { waitLock }: Pick<BridgeOptions, "waitLock">,
  parts: BridgeParts,
  { asked, now }: Asked,
  live: (stops: Asked) => Promise<void>,
): Promise<boolean> {
  const { store, clock, emit } = parts;
  const { lock } = store;
  for (;;) {
    let lost: unknown;
    try {
      if (!(await hold(lock, parts, waitLock, asked))) return false;
      await store.open(asked);
      if (asked.aborted) return false;
      await takeKeptToken(parts);
      await live({
        asked: AbortSignal.any([asked, lock.handOver]),
        now: AbortSignal.any([now, lock.lost]),
      });
    } catch (error) {
      // Whatever failed first: what we were at is another's now.
      if (!lock.lost.aborted && !(error instanceof LeaseLost)) throw error;
      lost = error;
    } finally {
      await within(clock, LAST_WAIT_MS, store.close());
    }
    if (lock.lost.aborted) lost = lock.lost.reason;
    if (lost !== undefined) emit({ type: "lease-lost", reason: messageOf(lost) });
    else if (lock.handOver.aborted) emit({ type: "handed-over" });
    else return true;
    if (asked.aborted) return false;
  }
}

/** The bridge that had the workspace until now may have been given one. */
async function takeKeptToken({ store, token }: BridgeParts): Promise<void> {
  if (token.value !== undefined) return;
  const kept = await store.loadToken();
  if (kept !== undefined)
    token.adopt(kept, store.lock.isShared ? "the shared store" : "the state folder");
}
