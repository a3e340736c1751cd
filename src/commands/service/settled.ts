import type { Subject } from "../../service/spec.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Manager, ServiceState } from "./manager.ts";

/** How long a service may take to connect. It goes on after that; nobody waits any longer. */
const PATIENCE_MS = 30_000;
/** A manager that can't tell whether a program is ready says that it runs as soon as it was started. */
const STANDS_MS = 3_000;
const LOOK_MS = 250;

/**
 * How a service is that was just started, once that is plain: it runs, has ended, or has not connected within half
 * a minute. Never rejects.
 */
export async function settled(
  manager: Pick<Manager, "name" | "state">,
  subject: Subject,
  clock: Clock,
): Promise<ServiceState> {
  const stands = manager.name === "systemd" ? 0 : STANDS_MS;
  const began = clock.monotonic();
  let ranAt: number | undefined;
  for (;;) {
    const state = await manager.state(subject);
    const now = clock.monotonic();
    ranAt = state.kind === "running" ? (ranAt ?? now) : undefined;
    if (ranAt !== undefined && now - ranAt >= stands) return state;
    const isOver = ["failed", "restarting", "unknown"].includes(state.kind);
    if (isOver || now - began >= PATIENCE_MS) return state;
    await clock.sleep(LOOK_MS);
  }
}
