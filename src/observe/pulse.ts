/** Whether the loop of the heartbeats is still heard of: it is the one that waits for nothing and nobody. */
import type { BridgeEvent } from "../bridge/events.ts";
import type { Clock } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";

/**
 * A heartbeat's own deadline, a token file's minute and a diagnosis, with room to spare: more than the
 * bridge's watchdog allows, so that it comes first.
 */
const SLACK_MS = 150_000;

export class Pulse {
  readonly #clock: Pick<Clock, "monotonic">;
  /** Monotonic; undefined where none is to be heard. */
  #at: number | undefined;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  hear(event: BridgeEvent): void {
    switch (event.type) {
      case "connected":
      case "beat":
        this.#at = this.#clock.monotonic();
        break;
      case "heartbeat-failed":
      case "token-refused":
      // No loop could keep its word while the machine slept.
      case "woke":
        if (this.#at !== undefined) this.#at = this.#clock.monotonic();
        break;
      case "heartbeat-ended":
        this.stop();
        break;
    }
  }

  /** None is to be heard any more. */
  stop(): void {
    this.#at = undefined;
  }

  /** For how long it was not heard of, in words, where that is too long; `heartbeatMs`: its pause. */
  overdue(heartbeatMs: number): string | undefined {
    if (this.#at === undefined) return undefined;
    const silentMs = this.#clock.monotonic() - this.#at;
    return silentMs > heartbeatMs + SLACK_MS ? formatDuration(silentMs) : undefined;
  }
}
