/** What of earlier events the lines of later ones hang on. */
import type { BridgeEvent, WakeState } from "../../bridge/events.ts";
import type { Log } from "../../cli/log.ts";
import { traceOfActivity } from "../../shared/trace-context.ts";

/** Traces that are remembered; those that were named longest ago are forgotten first. */
const MOST_TRACES = 10_000;

/** The state of the event stream that was told aloud last; undefined for none. */
export type WakeTold = Exclude<WakeState, "open"> | undefined;

/** That of one bridge, all of whose events are heard. */
export class EventMemory {
  /** Of messages whose senders named a trace: what others have follows from the activity. */
  readonly #traces = new Map<string, string>();
  #wake: WakeTold;

  get wake(): WakeTold {
    return this.#wake;
  }

  /** Gives the trace that the event's message belongs to, where it is about one. */
  hear(event: BridgeEvent): string | undefined {
    if (event.type === "wake" && event.state !== "open") this.#wake = event.state;
    // Whatever comes next is news.
    if (event.type === "wake-missed") this.#wake = undefined;
    if (!("activityId" in event) || event.activityId === undefined) return undefined;
    const own = traceOfActivity(event.activityId).id;
    if (event.type === "taken") this.#remember(event.activityId, event.traceId, own);
    return this.#traces.get(event.activityId) ?? own;
  }

  #remember(activityId: string, traceId: string, own: string): void {
    this.#traces.delete(activityId);
    if (traceId === own) return;
    const [oldest] = this.#traces.keys();
    if (oldest !== undefined && this.#traces.size >= MOST_TRACES) this.#traces.delete(oldest);
    this.#traces.set(activityId, traceId);
  }
}

const memories = new WeakMap<Log, EventMemory>();

/** The memory of the bridge that is told of in this log: each has one of its own. */
export function memoryOf(log: Log): EventMemory {
  const known = memories.get(log);
  if (known !== undefined) return known;
  const memory = new EventMemory();
  memories.set(log, memory);
  return memory;
}
