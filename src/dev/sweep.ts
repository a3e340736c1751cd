/**
 * Finds agents that fell silent (contract 1.2), whose workspaces wait for them again, and removes
 * files that nobody may read any more (2.10).
 */
import type { Clock } from "../shared/clock.ts";
import type { DevDatabase } from "./database.ts";

export const DEFAULT_SWEEP_EVERY_MS = 15_000;

/** Sweeps every `everyMs` until the signal aborts; never rejects. */
export async function sweep(
  database: DevDatabase,
  clock: Clock,
  { staleAfterMs, everyMs }: { staleAfterMs: number; everyMs: number },
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      database.workspaces.expire(clock.now() - staleAfterMs);
      database.uploads.sweep();
    } catch (error) {
      // The file may be busy for once; the next sweep finds the same.
      onError(error);
    }
  }
}
