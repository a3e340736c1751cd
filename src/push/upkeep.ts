/** The loop that looks after what a bridge in push mode keeps. */
import type { Emit } from "../bridge/events.ts";
import type { MessageFiles } from "../bridge/files/message-files.ts";
import { messageOf } from "../shared/errors.ts";
import type { Clock } from "../shared/clock.ts";
import type { Store } from "../store/store.ts";
import type { Credential } from "./credential.ts";
import type { Notes } from "./notes.ts";
import { secretSegment } from "./paths.ts";

const PRUNE_MS = 3_600_000;

/** Runs until the signal aborts: at once, and then every hour. */
export async function keepPushHouse(
  {
    store,
    credential,
    notes,
    clock,
    emit,
    files,
  }: {
    store: Store;
    credential: Credential;
    notes: Notes;
    clock: Clock;
    emit: Emit;
    files: Pick<MessageFiles, "sweep">;
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      // What is not remembered again is forgotten one day, and this is to last.
      await secretSegment(store.memory);
      await credential.keep();
      await notes.trim();
      await store.prune();
      // The journal knows no pushed message, so what is left of one goes after a day.
      await files.sweep();
    } catch (error) {
      emit({ type: "upkeep-failed", reason: messageOf(error) });
    }
    await clock.sleep(PRUNE_MS, signal);
  }
}
