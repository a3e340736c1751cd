/** How messages ended, as far as the bridge's events tell it: each message is counted once. */
import type { BridgeEvent } from "../bridge/events.ts";
import type { MessageOutcome } from "./status.ts";

/** Messages of which it is remembered that they are counted, until their last word is delivered. */
const MOST_COUNTED = 1_000;

export class Outcomes {
  readonly #counts: Record<MessageOutcome, number> = {
    answered: 0,
    declined: 0,
    noted: 0,
    failed: 0,
    refused: 0,
    skipped: 0,
  };
  /** Counted already, and perhaps to be told of once more as a word about it is delivered. */
  readonly #counted = new Set<string>();

  /** So many ended each way since the process began. */
  get counts(): Readonly<Record<MessageOutcome, number>> {
    return { ...this.#counts };
  }

  hear(event: BridgeEvent): void {
    const outcome = this.#outcomeOf(event);
    if (outcome !== undefined) this.#counts[outcome] += 1;
  }

  #outcomeOf(event: BridgeEvent): MessageOutcome | undefined {
    switch (event.type) {
      case "taken":
        // A dead letter that is retried ends a second time.
        this.#counted.delete(event.activityId);
        return undefined;
      case "declined":
      case "noted":
      case "refused":
      case "skipped":
        return this.#first(event.activityId, event.type);
      case "push-repeat":
        return "skipped";
      case "run-failed":
        return this.#first(event.activityId, "failed");
      case "answered":
        return this.#delivered(event.activityId, event.kind, "answered");
      case "reply-refused":
        return this.#delivered(event.activityId, event.kind, "failed");
      case "reply-late":
        return event.delivered
          ? this.#delivered(event.activityId, "answer", "answered")
          : undefined;
      default:
        return undefined;
    }
  }

  #first(activityId: string, outcome: MessageOutcome): MessageOutcome {
    this.#counted.add(activityId);
    const [oldest] = this.#counted;
    if (this.#counted.size > MOST_COUNTED && oldest !== undefined) this.#counted.delete(oldest);
    return outcome;
  }

  /** Only an answer of the backend's is an end of its own: all other words follow one. */
  #delivered(
    activityId: string,
    kind: Extract<BridgeEvent, { type: "answered" }>["kind"],
    outcome: MessageOutcome,
  ): MessageOutcome | undefined {
    if (kind === "trouble" || this.#counted.delete(activityId)) return undefined;
    return kind === "answer" ? outcome : undefined;
  }
}
