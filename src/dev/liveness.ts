/** GET /admin/liveness (contract 3.6): when the platform's own loops last came round. */
import type { LivenessResponse } from "../contract/operator.ts";
import type { Clock } from "../shared/clock.ts";
import type { Call } from "./call.ts";
import { toTime } from "./workspace-view.ts";

export class Liveness {
  readonly #clock: Clock;
  readonly #ticks = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This subsystem is alive. */
  tick(subsystem: string): void {
    this.#ticks.set(subsystem, this.#clock.now());
  }

  show(): LivenessResponse {
    const now = this.#clock.now();
    const shown = [...this.#ticks].map(([name, at]) => {
      const seconds_ago = Math.max(0, Math.floor((now - at) / 1_000));
      return [name, { last_tick_at: toTime(at) ?? "", seconds_ago }] as const;
    });
    return { subsystems: Object.fromEntries(shown) };
  }
}

export function showLiveness({ dev }: Call): Response {
  return Response.json(dev.liveness.show());
}
