import type { Clock } from "../../src/shared/clock.ts";
import { systemClock } from "../../src/shared/clock.ts";

/**
 * A clock whose time goes a hundred times slower than it sleeps: what a rule gives two seconds stays
 * within them on the slowest machine, and nobody waits any longer. `aheadMs` sets wall time forward.
 */
export function slowClock(aheadMs = 0): Clock {
  const began = Date.now();
  const from = performance.now();
  const monotonic = () => (performance.now() - from) / 100;
  return {
    monotonic,
    now: () => Math.floor(began + aheadMs + monotonic()),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
  };
}
