/** The frame of every bridge's life: the workspace is held, and its store open, for as long as it lasts. */
import { within } from "../../shared/clock.ts";
import { hold } from "./hold.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";

/** How long cut work may take to end its children, and a store to close, before it is left behind. */
export const LAST_WAIT_MS = 5_000;

/** Runs `live` with the lock and the open store. Resolves with whether it was run: not where we were told to stop first. */
export async function whileHeld(
  { waitLock }: Pick<BridgeOptions, "waitLock">,
  parts: BridgeParts,
  drain: AbortSignal,
  live: () => Promise<void>,
): Promise<boolean> {
  const { store, clock } = parts;
  if (!(await hold(store.lock, parts, waitLock, drain))) return false;
  try {
    await store.open();
    await takeKeptToken(parts);
    await live();
    return true;
  } finally {
    await within(clock, LAST_WAIT_MS, store.close());
  }
}

/** The bridge that had the workspace until now may have been given one. */
async function takeKeptToken({ store, token }: BridgeParts): Promise<void> {
  if (token.value !== undefined) return;
  const kept = await store.loadToken();
  if (kept !== undefined) token.adopt(kept, "the state folder");
}
