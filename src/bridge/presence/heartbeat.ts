/**
 * Presence: a beat at once and then every interval, whatever the rest of the bridge is doing; and one
 * more soon after the task that the canvas shows has changed, or an event stream asks for its proof.
 */
import { nextDelay } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import { inStep } from "../../shared/tick.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import { PlatformError } from "../../platform/platform.ts";
import type { Naps } from "../naps.ts";
import type { Pace } from "../pace.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import type { Renewal } from "./renewal.ts";
import { explainUnauthorized } from "./unauthorized.ts";
import type { Vitals } from "./vitals.ts";
import type { Wake } from "../wake/wake.ts";
import type { Watchdog } from "../watchdog.ts";

/** A third of the 90 s after which a silent workspace goes stale: no beat is put off longer. */
const LONGEST_WAIT_MS = 30_000;
/** A call's own deadline, a token file's minute and a diagnosis, with room to spare. */
const SLACK_MS = 120_000;
/** How soon after a beat there may be one only because the task has changed. */
const CHANGE_MS = 5_000;
/** And because a new event stream is to be proven. */
const PROOF_MS = 1_000;

export interface HeartbeatDeps {
  vitals: Vitals;
  watchdog: Watchdog;
  naps: Naps;
  pace: Pick<Pace, "spare" | "beatMs">;
  renewal: Renewal;
  /** The event stream, which our heartbeats prove; none in push mode. */
  wake?: Pick<Wake, "beat" | "wantsBeat">;
}

/**
 * Beats until the signal aborts. Never rejects: a refusal ends the beats alone, is told, and is what this
 * resolves with. That is the platform's word, or what it means where that was found out.
 */
export async function runHeartbeat(
  parts: BridgeParts,
  options: Pick<BridgeOptions, "workspaceId" | "heartbeatMs">,
  deps: HeartbeatDeps,
  signal: AbortSignal,
): Promise<MoleculeError | undefined> {
  const { platform, token, clock, emit, random } = parts;
  const { vitals, watchdog, naps, renewal, pace, wake } = deps;
  let failures = 0;
  let failingSince = 0;
  try {
    while (!signal.aborted) {
      const everyMs = pace.beatMs(options.heartbeatMs);
      watchdog.expect("heartbeat", everyMs + SLACK_MS);
      const presented = token.value;
      let waitMs = everyMs;
      const taken = wake?.beat();
      const began = clock.monotonic();
      try {
        await platform.heartbeat(vitals.report(), { signal });
        watchdog.contact();
        emit({ type: "beat", ms: clock.monotonic() - began });
        taken?.();
        if (failures > 0) {
          const afterMs = clock.monotonic() - failingSince;
          emit({ type: "heartbeat-recovered", failures, afterMs });
        }
        failures = 0;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof PlatformError)) throw error;
        if (error.verdict === "unauthorized") {
          if (await renewal.renew(presented, signal)) continue;
          if (signal.aborted) return undefined;
          throw await explainUnauthorized(error, platform, options.workspaceId, token, signal);
        }
        if (error.verdict !== "transient" && error.verdict !== "misaddressed") throw error;
        if (failures === 0) failingSince = clock.monotonic();
        failures += 1;
        const asked = nextDelay(failures, random, error.failure.retryAfterMs);
        waitMs = Math.min(asked, LONGEST_WAIT_MS, options.heartbeatMs);
        emit({ type: "heartbeat-failed", failures, reason: error.message, inMs: waitMs });
      }
      if (failures > 0) await naps.nap(waitMs, signal);
      else await untilNext(clock, deps, inStep(clock, waitMs), signal);
    }
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    const hint = error instanceof MoleculeError ? error.hint : undefined;
    emit({ type: "heartbeat-ended", reason: messageOf(error), hint });
    return error instanceof MoleculeError ? error : faultError(error);
  } finally {
    watchdog.dismiss("heartbeat");
  }
}

/** A fault of ours. */
function faultError(cause: unknown): MoleculeError {
  return new MoleculeError(`heartbeats have ended: ${messageOf(cause)}`, { cause });
}

/** Resolves when the next beat is due, on abort, or when the machine wakes up. */
async function untilNext(
  clock: Clock,
  { vitals, naps, pace, wake }: HeartbeatDeps,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const begun = clock.monotonic();
  const { wakes } = naps;
  while (!signal.aborted && naps.wakes === wakes) {
    const rested = clock.monotonic() - begun;
    const left = waitMs - rested;
    if (left <= 0) return;
    const isProof = wake?.wantsBeat === true;
    const leastMs = isProof ? PROOF_MS : CHANGE_MS;
    if (!vitals.isStale && !isProof) {
      if (!(await naps.napUntil(vitals.changed, left, signal))) return;
    } else if (rested < leastMs) {
      await naps.napUntil(vitals.changed, Math.min(leastMs - rested, left), signal);
    } else if (pace.spare()) {
      return;
    } else {
      await naps.nap(Math.min(CHANGE_MS, left), signal);
    }
  }
}
