/** The loop that looks after the store: changes by other commands, and what has grown old. */
import { whenAborted } from "../shared/abortions.ts";
import { messageOf } from "../shared/errors.ts";
import type { Clock } from "../shared/clock.ts";
import { tickOf } from "../shared/tick.ts";
import type { Store } from "../store/store.ts";
import type { Emit } from "./events.ts";
import type { MessageFiles } from "./files/message-files.ts";
import type { Lanes } from "./runs/lanes.ts";

const PRUNE_MS = 3_600_000;

/** Runs until the signal aborts; a store that fails is told by those who need it. */
export async function keepHouse(
  parts: {
    store: Store;
    lanes: Lanes;
    files: Pick<MessageFiles, "sweep" | "trim">;
    clock: Clock;
    emit: Emit;
  },
  signal: AbortSignal,
): Promise<void> {
  const { store, lanes, files, clock, emit } = parts;
  let pruneAt = clock.monotonic();
  let failing = false;
  const look = async () => {
    try {
      if (clock.monotonic() >= pruneAt) {
        pruneAt = clock.monotonic() + PRUNE_MS;
        await store.prune();
        await files.sweep();
        await files.trim();
      }
      if (await store.changed()) {
        for (const lane of await store.journal.lanes()) lanes.poke(lane);
        // A dead letter that was dropped has files, too.
        await files.sweep();
      }
      failing = false;
    } catch (error) {
      if (!failing) emit({ type: "upkeep-failed", reason: messageOf(error) });
      failing = true;
    }
  };
  let looking: Promise<void> | undefined;
  const lookNow = () => void (looking ??= look().finally(() => (looking = undefined)));
  const leave = tickOf(clock).listen(lookNow);
  lookNow();
  await whenAborted(signal);
  leave();
  await looking;
}
