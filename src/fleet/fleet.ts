/**
 * Several bridges in one process, side by side. One that fails leaves the others alone: what may mend
 * itself is tried again, and the rest ends for good.
 */
import { fullJitter } from "../shared/backoff.ts";
import type { Clock } from "../shared/clock.ts";
import { ExitCode, MoleculeError } from "../shared/errors.ts";
import type { TellLifecycle } from "./lifecycle.ts";

/** What runs one workspace. */
export interface Member {
  readonly id: string;
  /**
   * Runs until `drain` aborts, or it has no more to do; rejects with why it had to end. May be called again
   * after that. `up` is to be called once it is connected.
   */
  run(drain: AbortSignal, now: AbortSignal, up: () => void): Promise<void>;
}

export interface FleetOptions {
  /** The members are started within so many milliseconds at most. */
  spreadMs: number;
  /** Each has an end of its own: nothing is tried again, and the worst exit code counts. */
  once: boolean;
}

export interface FleetParts {
  clock: Clock;
  /** [0, 1): the jitter of every wait. */
  random(): number;
  tell: TellLifecycle;
}

/** A start costs processor time and a page of the feed; ten are through within a second. */
const STEP_MS = 100;
/** The longest wait after a first failure, and after many. */
export const RETRY_BASE_MS = 5_000;
export const RETRY_CAP_MS = 5 * 60_000;
/** Who was connected for so long has failed for a new reason. */
export const STEADY_MS = 10 * 60_000;

/**
 * Runs the members until `drain` aborts (`now`: at once), or all of them have ended for good. Resolves with
 * the exit code: of the member that was first to end with an error that no new try would mend (with `once`,
 * the highest of all), else 0. Never rejects.
 */
export async function runFleet(
  members: readonly Member[],
  { spreadMs, once }: FleetOptions,
  parts: FleetParts,
  drain: AbortSignal,
  now: AbortSignal,
): Promise<ExitCode> {
  const stepMs = Math.min(STEP_MS, spreadMs / Math.max(1, members.length));
  const codes: ExitCode[] = [];
  const all = members.map(async (member, at) => {
    const delayMs = at === 0 ? 0 : (at - 1 + parts.random()) * stepMs;
    if (delayMs > 0) await parts.clock.sleep(delayMs, drain);
    codes.push(await keepRunning(member, once, parts, drain, now));
  });
  await Promise.all(all);
  const failed = codes.filter((code) => code !== ExitCode.ok);
  if (once) return failed.toSorted((a, b) => b - a)[0] ?? ExitCode.ok;
  return failed[0] ?? ExitCode.ok;
}

/** The exit code of an error: one that says none is a fault of the program. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof MoleculeError ? error.exitCode : ExitCode.failed;
}

/** Starts a member again and again, until it ends for good. */
async function keepRunning(
  member: Member,
  once: boolean,
  { clock, random, tell }: FleetParts,
  drain: AbortSignal,
  now: AbortSignal,
): Promise<ExitCode> {
  let failures = 0;
  const ended = (exitCode: ExitCode, error?: unknown) => {
    tell(member.id, { state: "ended", error, exitCode });
    return exitCode;
  };
  while (!drain.aborted) {
    let upSince: number | undefined;
    const up = () => {
      upSince ??= clock.monotonic();
      tell(member.id, { state: "connected" });
    };
    tell(member.id, { state: "starting" });
    try {
      await member.run(drain, now, up);
      break;
    } catch (error) {
      const exitCode = exitCodeOf(error);
      if (once || drain.aborted || !MENDS_ITSELF.includes(exitCode)) return ended(exitCode, error);
      if (upSince !== undefined && clock.monotonic() - upSince >= STEADY_MS) failures = 0;
      failures += 1;
      const inMs = fullJitter(failures, random, RETRY_BASE_MS, RETRY_CAP_MS);
      tell(member.id, { state: "failed", error, exitCode, retryAt: clock.now() + inMs, inMs });
      await clock.sleep(inMs, drain);
    }
  }
  return ended(ExitCode.ok);
}

/** Of all other failures somebody has to see to what is wrong. */
const MENDS_ITSELF: readonly ExitCode[] = [ExitCode.failed, ExitCode.unreachable];
