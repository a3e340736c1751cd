/** Fetches with backoff, and tells a passing trouble from the end. */
import { nextDelay } from "../../shared/backoff.ts";
import type { MoleculeError } from "../../shared/errors.ts";
import { PlatformError } from "../../platform/platform.ts";
import type { Feed, FeedPage } from "./feed.ts";
import type { Naps } from "../naps.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import type { Renewal } from "../presence/renewal.ts";
import { explainUnauthorized } from "../presence/unauthorized.ts";
import type { Watchdog } from "../watchdog.ts";

/** A call's own deadline, a token file's minute and a diagnosis, with room to spare. */
export const SLACK_MS = 120_000;

/** A platform that stays away is mentioned again after so long. */
const REMIND_MS = 600_000;

export interface FetcherDeps {
  feed: Feed;
  naps: Naps;
  watchdog: Watchdog;
  renewal: Renewal;
}

export class Fetcher {
  readonly #parts: Pick<BridgeParts, "platform" | "token" | "clock" | "emit" | "random">;
  readonly #options: Pick<BridgeOptions, "workspaceId">;
  readonly #deps: FetcherDeps;
  #failures = 0;
  #failingSince = 0;
  #toldAt = 0;
  #wakes = 0;
  /** Before the first good fetch a wrong address is a mistake of the operator's, not a trouble. */
  #everWorked = false;

  constructor(
    parts: Pick<BridgeParts, "platform" | "token" | "clock" | "emit" | "random">,
    options: Pick<BridgeOptions, "workspaceId">,
    deps: FetcherDeps,
  ) {
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
    const now = clock.monotonic();
    if (this.#failures === 0) this.#failingSince = now;
    this.#failures += 1;
    const edge = this.#failures === 1 || now - this.#toldAt >= REMIND_MS;
    if (edge) this.#toldAt = now;
    const forMs = now - this.#failingSince;
    const failures = this.#failures;
    const inMs = nextDelay(failures, random, error.failure.retryAfterMs);
    const told = { failures, edge, forMs, reason: error.message, hint: error.hint, inMs };
    emit({ type: "feed-failed", ...told });
    this.#deps.watchdog.expect("intake", inMs + SLACK_MS);
    await this.#deps.naps.nap(inMs, stop);
  }

  #explain(error: PlatformError, stop: AbortSignal): Promise<MoleculeError> {
    const { platform, token } = this.#parts;
    return explainUnauthorized(error, platform, this.#options.workspaceId, token, stop);
  }
}
