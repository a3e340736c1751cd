/**
 * Finds agents that fell silent (contract 1.2), whose workspaces wait for them again, and removes
 * files that nobody may read any more (2.10).
 */
import type { Dev } from "./call.ts";

export const DEFAULT_SWEEP_EVERY_MS = 15_000;

/** What a sweep consists of, by the names that GET /admin/liveness gives. */
const SUBSYSTEMS = ["agent-liveness", "pending-uploads"];

/** Sweeps every `everyMs` until the signal aborts; never rejects. */
export async function sweep(
  { database, clock, events, liveness }: Pick<Dev, "database" | "clock" | "events" | "liveness">,
  { staleAfterMs, everyMs }: { staleAfterMs: number; everyMs: number },
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    SUBSYSTEMS.forEach((name) => liveness.tick(name));
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      for (const id of database.workspaces.expire(clock.now() - staleAfterMs)) {
        events.emitStatus(id, "awaiting_agent");
      }
      database.uploads.sweep();
    } catch (error) {
      // The file may be busy for once; the next sweep finds the same.
      onError(error);
    }
  }
}
