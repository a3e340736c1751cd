/** How long a bridge may be silent before what it last told says nothing any more. */
import type { WakeState } from "../bridge/events.ts";

/** The pause between two looks while the event stream tells of rows, in ms. */
const SAFETY_MS = 15_000;
/** One look may take long, and be put off by the rate limit, without anything being wrong. */
const LEAST_FEED_MS = 60_000;
/** After this the platform takes a workspace for gone (contract 7). */
const STALE_MS = 90_000;
/** A heartbeat that is only late is no sign of anything. */
const LEAST_BEAT_MS = 15_000;

/** For so long a look at the feed counts, in ms: three pauses between two looks, but at least a minute. */
export function feedLimit(wake: WakeState, intervalMs: number): number {
  const pauseMs = wake === "healthy" ? Math.max(SAFETY_MS, intervalMs) : intervalMs;
  return Math.max(LEAST_FEED_MS, 3 * pauseMs);
}

/** For so long a heartbeat counts, in ms: three of their pauses, but no longer than with the platform. */
export function heartbeatLimit(heartbeatMs: number): number {
  return Math.min(STALE_MS, Math.max(LEAST_BEAT_MS, 3 * heartbeatMs));
}
