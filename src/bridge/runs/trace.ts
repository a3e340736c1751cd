/** The trace of a message's run (W3C Trace Context). */
import type { InboundMessage } from "../../a2a/feed-row.ts";
import { traceOfActivity, traceparentOf } from "../../shared/trace-context.ts";
import type { Head } from "../../store/store.ts";

export interface RunTrace {
  /** 1 for the first run of the message. */
  attempt: number;
  traceId: string;
  /** What is handed on, to the backend and with the answer. */
  traceparent: string;
}

/**
 * Its sender's trace, or else the one that follows from its activity, with a span of this run's own.
 * Nothing of it is stored: a later process comes to the same.
 */
export function runTrace(
  { activityId, trace = traceOfActivity(activityId) }: Pick<InboundMessage, "activityId" | "trace">,
  { attempts, crashes, generation }: Pick<Head, "attempts" | "crashes" | "generation">,
): RunTrace {
  const attempt = attempts + crashes + 1;
  // One that was revived from the dead letters counts its tries anew.
  const run = `${activityId}/${generation}/${attempt}`;
  return { attempt, traceId: trace.id, traceparent: traceparentOf(trace, run) };
}
