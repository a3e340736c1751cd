/**
 * Posts answers: to a peer as a message of our own, to the canvas as a notice. Retries what may pass,
 * drops what can't, and hands over a post that a slow peer holds open.
 */
import { buildReply, fitNotice, type ReplyKind } from "../a2a/reply.ts";
import type { InboundMessage } from "../a2a/feed-row.ts";
import { nextDelay } from "../shared/backoff.ts";
import { LATE, within } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { PlatformError } from "../platform/platform.ts";
import { senderName } from "./events.ts";
import type { Naps } from "./naps.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import type { Renewal } from "./renewal.ts";
import { explainUnauthorized } from "./unauthorized.ts";
import type { Watchdog } from "./watchdog.ts";

/** A push peer answers on the open request, minutes later (T24): after this long it is not awaited. */
const HAND_OVER_MS = 15_000;
/** Posts that may stay open at once; Bun itself allows 256 requests. */
const MOST_OPEN = 64;
/** How long one reply may hold up the others. */
const PATIENCE_MS = 10 * 60_000;
const SLACK_MS = 60_000;

/** `stopped`: not posted, because the bridge was told to stop. */
export type Delivered = "posted" | "dropped" | "stopped";

export class Delivery {
  readonly #parts: BridgeParts;
  readonly #options: Pick<BridgeOptions, "workspaceId">;
  readonly #naps: Naps;
  readonly #watchdog: Watchdog;
  readonly #renewal: Renewal;
  readonly #open = new Set<Promise<void>>();

  constructor(
    parts: BridgeParts,
    options: Pick<BridgeOptions, "workspaceId">,
    { naps, watchdog, renewal }: { naps: Naps; watchdog: Watchdog; renewal: Renewal },
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#naps = naps;
    this.#watchdog = watchdog;
    this.#renewal = renewal;
  }

  /** Posts that were handed over and are still open. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Posts `text` as the answer to `message`. Every try carries the same message id. `takenAt` is when
   * the message was taken, for the time that the answer took. Rejects only when our own token is
   * refused for good.
   */
  async post(
    message: InboundMessage,
    text: string,
    kind: ReplyKind,
    signal: AbortSignal,
    takenAt = this.#parts.clock.monotonic(),
  ): Promise<Delivered> {
    const { emit, clock, random } = this.#parts;
    const named = { activityId: message.activityId, to: senderName(message.peerId) };
    const begun = clock.monotonic();
    const delivered = (note: string | undefined) => {
      const ms = clock.monotonic() - takenAt;
      emit({ type: "answered", ...named, ms, failure: kind === "failure", note });
    };
    for (let failures = 0; ;) {
      if (signal.aborted) return "stopped";
      this.#watchdog.expect("intake", PATIENCE_MS);
      const presented = this.#parts.token.value;
      const posting = this.#postOnce(message, text, kind, signal);
      try {
        const mayStayOpen = this.#open.size < MOST_OPEN;
        const result = mayStayOpen ? await within(clock, HAND_OVER_MS, posting) : await posting;
        if (result === LATE) {
          this.#watch(named, posting);
          emit({ type: "reply-handed-over", ...named, afterMs: HAND_OVER_MS });
        } else {
          this.#watchdog.contact();
          delivered(result.note);
        }
        return "posted";
      } catch (error) {
        if (signal.aborted) return "stopped";
        if (!(error instanceof PlatformError)) throw error;
        if (error.failure.deliveryConfirmed) {
          delivered(error.message);
          return "posted";
        }
        if (error.verdict === "unauthorized") {
          const ours = await this.#isOurs(error, presented, signal);
          if (ours === "renewed") continue;
          if (ours === "fine") {
            emit({ type: "reply-dropped", ...named, reason: error.message });
            return "dropped";
          }
        } else if (error.verdict !== "transient" && error.verdict !== "misaddressed") {
          emit({ type: "reply-dropped", ...named, reason: error.message });
          return "dropped";
        }
        failures += 1;
        const spent = clock.monotonic() - begun;
        // Without the platform nothing else goes on either; with it, others wait behind this one.
        if (error.failure.status !== undefined && spent > PATIENCE_MS) {
          const reason = `${error.message}; tried for ${formatDuration(spent)}`;
          emit({ type: "reply-dropped", ...named, reason });
          return "dropped";
        }
        const inMs = nextDelay(failures, random, error.failure.retryAfterMs);
        emit({ type: "reply-retry", ...named, failures, reason: error.message, inMs });
        this.#watchdog.expect("intake", inMs + SLACK_MS);
        await this.#naps.nap(inMs, signal);
      }
    }
  }

  /** Waits for the posts that were handed over, until they end or the signal aborts. */
  async settleOpen(signal: AbortSignal): Promise<void> {
    if (this.#open.size === 0 || signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const end = () => aborted.resolve();
    signal.addEventListener("abort", end, { once: true });
    await Promise.race([Promise.all(this.#open), aborted.promise]);
    signal.removeEventListener("abort", end);
  }

  async #postOnce(
    message: InboundMessage,
    text: string,
    kind: ReplyKind,
    signal: AbortSignal,
  ): Promise<{ note: string | undefined }> {
    if (message.peerId !== undefined) {
      return this.#parts.platform.send(message.peerId, buildReply(message, text, kind), { signal });
    }
    await this.#parts.platform.notify(fitNotice(text), { signal });
    return { note: undefined };
  }

  /**
   * A post that was handed over is only watched: the peer has it, and sending it again could make
   * it work twice.
   */
  #watch(named: { activityId: string; to: string }, posting: Promise<unknown>): void {
    const { emit } = this.#parts;
    const watched = posting
      .then(
        () => emit({ type: "reply-late", ...named, delivered: true, reason: undefined }),
        (error: unknown) => {
          const confirmed =
            error instanceof PlatformError && error.failure.deliveryConfirmed === true;
          const reason = error instanceof Error ? error.message : String(error);
          emit({ type: "reply-late", ...named, delivered: confirmed, reason });
        },
      )
      .finally(() => this.#open.delete(watched));
    this.#open.add(watched);
  }

  /**
   * A 401 on a reply may be the peer's own, passed on: only a call that concerns nobody else tells
   * whether our token is meant. Rejects when it is, and there is no other.
   */
  async #isOurs(
    refused: PlatformError,
    presented: string | undefined,
    signal: AbortSignal,
  ): Promise<"renewed" | "fine" | "unknown"> {
    const { platform, token } = this.#parts;
    if (token.value !== presented) return "renewed";
    try {
      await platform.state({ signal });
      return "fine";
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "unauthorized") return "unknown";
    }
    if (await this.#renewal.renew(presented, signal)) return "renewed";
    if (signal.aborted) return "unknown";
    throw await explainUnauthorized(refused, platform, this.#options.workspaceId, token, signal);
  }
}
