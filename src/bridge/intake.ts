/** The loop that does the work: fetch a page, take its rows one by one, settle each, save. */
import { interpret } from "../a2a/feed-row.ts";
import { nextDelay } from "../shared/backoff.ts";
import { ExitCode, MoleculeError } from "../shared/errors.ts";
import { PlatformError } from "../platform/platform.ts";
import { dispatch, type Deps } from "./dispatch.ts";
import type { Feed, FeedPage, FeedRow } from "./feed.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import type { Renewal } from "./renewal.ts";
import type { Saver } from "./saver.ts";
import { explainUnauthorized } from "./unauthorized.ts";

const SLACK_MS = 120_000;

export interface IntakeDeps extends Deps {
  renewal: Renewal;
  feed: Feed;
  saver: Saver;
}

/** `drain`: take no new work. `cut`: end what is running, too. */
export interface Stops {
  drain: AbortSignal;
  cut: AbortSignal;
}

export interface Tally {
  settled: number;
  unsettled: number;
}

/** Works until drained, or, with `once`, until nothing is left. Rejects with what ends the run. */
export async function runIntake(
  parts: BridgeParts,
  options: BridgeOptions,
  deps: IntakeDeps,
  stops: Stops,
  tally: Tally,
): Promise<void> {
  const fetcher = new Fetcher(parts, options, deps);
  try {
    while (!stops.drain.aborted) {
      const page = await fetcher.next(stops.drain);
      if (page === undefined) return;
      for (const row of page.rows) {
        if (stops.drain.aborted) return;
        if (!(await handle(parts, options, deps, row, stops.cut, tally))) return;
      }
      if (page.more) continue;
      if (options.once && page.rows.length === 0) return;
      deps.watchdog.expect("intake", options.intervalMs + SLACK_MS);
      // After work there is often more: look again at once.
      if (page.pause) await deps.naps.nap(options.intervalMs, stops.drain);
    }
  } finally {
    deps.watchdog.dismiss("intake");
  }
}

/** Takes one row to its end; false when it was stopped on the way, and so is not settled. */
async function handle(
  parts: BridgeParts,
  options: BridgeOptions,
  deps: IntakeDeps,
  { row, old }: FeedRow,
  cut: AbortSignal,
  tally: Tally,
): Promise<boolean> {
  if (!old) {
    const reading = interpret(row, options.workspaceId);
    if (reading.kind === "skip") {
      const { reason, routine } = reading;
      parts.emit({ type: "skipped", activityId: row.id, reason, routine });
    } else {
      tally.unsettled += 1;
      const end = await dispatch(parts, options, deps, reading.message, cut);
      if (end === "stopped") return false;
      tally.unsettled -= 1;
      tally.settled += 1;
    }
  }
  deps.feed.settle(row);
  await deps.saver.save(deps.feed.cursor);
  return true;
}

/** Fetches with backoff, and tells a passing trouble from the end. */
class Fetcher {
  readonly #parts: BridgeParts;
  readonly #options: Pick<BridgeOptions, "workspaceId">;
  readonly #deps: IntakeDeps;
  #failures = 0;
  #failingSince = 0;
  #wakes = 0;
  /** Before the first good fetch a wrong address is a mistake of the operator's, not a trouble. */
  #everWorked = false;

  constructor(parts: BridgeParts, options: Pick<BridgeOptions, "workspaceId">, deps: IntakeDeps) {
    this.#parts = parts;
    this.#options = options;
    this.#deps = deps;
  }

  /** The next page; undefined when told to stop. Rejects when there will be none. */
  async next(stop: AbortSignal): Promise<FeedPage | undefined> {
    const { token } = this.#parts;
    while (!stop.aborted) {
      const presented = token.value;
      try {
        const { wakes } = this.#deps.naps;
        const page = await this.#deps.feed.next(stop, this.#failures > 0 || wakes > this.#wakes);
        this.#wakes = wakes;
        this.#worked();
        return page;
      } catch (error) {
        if (stop.aborted) return undefined;
        if (!(error instanceof PlatformError)) throw error;
        this.#deps.watchdog.expect("intake", SLACK_MS);
        if (error.verdict === "unauthorized") {
          if (await this.#deps.renewal.renew(presented, stop)) continue;
          if (stop.aborted) return undefined;
          throw await this.#explain(error, stop);
        }
        const passing =
          error.verdict === "transient" || (error.verdict === "misaddressed" && this.#everWorked);
        if (!passing) throw error;
        await this.#wait(error, stop);
      }
    }
    return undefined;
  }

  #worked(): void {
    const { clock, emit } = this.#parts;
    this.#everWorked = true;
    this.#deps.watchdog.contact();
    if (this.#failures > 0) {
      const afterMs = clock.monotonic() - this.#failingSince;
      emit({ type: "feed-recovered", failures: this.#failures, afterMs });
    }
    this.#failures = 0;
  }

  async #wait(error: PlatformError, stop: AbortSignal): Promise<void> {
    const { clock, emit, random } = this.#parts;
    if (this.#failures === 0) this.#failingSince = clock.monotonic();
    this.#failures += 1;
    const failures = this.#failures;
    const inMs = nextDelay(failures, random, error.failure.retryAfterMs);
    emit({ type: "feed-failed", failures, reason: error.message, hint: error.hint, inMs });
    this.#deps.watchdog.expect("intake", inMs + SLACK_MS);
    await this.#deps.naps.nap(inMs, stop);
  }

  #explain(error: PlatformError, stop: AbortSignal): Promise<MoleculeError> {
    const { platform, token } = this.#parts;
    return explainUnauthorized(error, platform, this.#options.workspaceId, token, stop);
  }
}

/** The run's end when saving failed to the last: what was settled will be delivered again. */
export function unsavedError(cause: unknown): MoleculeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MoleculeError(`the last messages' progress could not be saved: ${reason}`, {
    exitCode: ExitCode.failed,
    hint: "They were answered, and will be delivered again at the next start.",
    cause,
  });
}
