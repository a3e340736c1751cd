/** What is counted of one workspace beside its status: for metrics alone. Its memory does not grow. */
import type { Outcome } from "../backends/backend.ts";
import type { BridgeEvent, LookReason } from "../bridge/events.ts";
import { Histogram, PICKUP_BUCKETS, RUN_BUCKETS } from "./histogram.ts";

export class Meter {
  readonly heartbeats = { ok: 0, failed: 0 };
  readonly feedReads: Record<LookReason, number> = {
    start: 0,
    event: 0,
    stream: 0,
    time: 0,
    more: 0,
    busy: 0,
  };
  readonly pickup = new Histogram(PICKUP_BUCKETS);
  /** By how runs ended; only those that did so. */
  readonly runs = new Map<Outcome["kind"], Histogram>();
  feedFailures = 0;
  /** Rows that were new. */
  feedRows = 0;
  wakeMissed = 0;
  runRetries = 0;
  replyRetries = 0;

  hear(event: BridgeEvent): void {
    switch (event.type) {
      case "beat":
        this.heartbeats.ok += 1;
        break;
      case "heartbeat-failed":
      case "heartbeat-ended":
        this.heartbeats.failed += 1;
        break;
      case "looked":
        this.feedReads[event.why] += 1;
        this.feedRows += event.found;
        break;
      case "feed-failed":
        this.feedFailures += 1;
        break;
      case "wake-missed":
        this.wakeMissed += 1;
        break;
      case "taken":
        // Any later try has waited for other things than for being seen.
        if (event.attempt === 1 && event.delayMs !== undefined) this.pickup.observe(event.delayMs);
        break;
      case "ran":
        this.#runsOf(event.outcome).observe(event.ms);
        break;
      case "run-retry":
        this.runRetries += 1;
        break;
      case "reply-retry":
        this.replyRetries += 1;
        break;
    }
  }

  #runsOf(outcome: Outcome["kind"]): Histogram {
    const found = this.runs.get(outcome) ?? new Histogram(RUN_BUCKETS);
    this.runs.set(outcome, found);
    return found;
  }
}
