/** The loop that looks after what a bridge in push mode keeps. */
import type { Emit } from "../bridge/events.ts";
import { messageOf } from "../shared/errors.ts";
import type { Clock } from "../shared/clock.ts";
import type { Store } from "../store/store.ts";
import type { Credential } from "./credential.ts";
import { secretSegment } from "./paths.ts";

const PRUNE_MS = 3_600_000;

/** Runs until the signal aborts: at once, and then every hour. */
export async function keepPushHouse(
  {
    store,
    credential,
    clock,
    emit,
  }: { store: Store; credential: Credential; clock: Clock; emit: Emit },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      // What is not remembered again is forgotten one day, and this is to last.
      await secretSegment(store.memory);
      await credential.keep();
      await store.prune();
    } catch (error) {
      emit({ type: "upkeep-failed", reason: messageOf(error) });
    }
    await clock.sleep(PRUNE_MS, signal);
  }
}
