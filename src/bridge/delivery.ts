/**
 * Posts answers: to a peer as a message of our own, to the canvas as a notice. Retries what may pass,
 * drops what can't, and hands over a post that a slow peer holds open.
 */
import { buildReply, fitNotice, type ReplyKind } from "../a2a/reply.ts";
import type { InboundMessage } from "../a2a/feed-row.ts";
import { nextDelay } from "../shared/backoff.ts";
import { LATE, within } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { messageOf } from "../shared/errors.ts";
import { PlatformError, type Verdict } from "../platform/platform.ts";
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
/** How long one reply may hold up the others, beside the waits that the platform asked for. */
const PATIENCE_MS = 10 * 60_000;
/** A post that must be awaited may take as long as the client lets it. */
const LONGEST_POST_MS = 32 * 60_000;
const SLACK_MS = 60_000;

/** What may pass; of a 401 only our own standing tells. */
const RETRIED: ReadonlySet<Verdict> = new Set(["transient", "misaddressed", "unauthorized"]);

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
   * the message was taken, for the time that the answer took; `behind` says that nobody waits for
   * this. Rejects only when our own token is refused for good.
   */
  async post(
    message: InboundMessage,
    text: string,
    kind: ReplyKind,
    signal: AbortSignal,
    takenAt = this.#parts.clock.monotonic(),
    behind = false,
  ): Promise<Delivered> {
    const { emit, clock, random } = this.#parts;
    const named = { activityId: message.activityId, to: senderName(message.peerId) };
    const begun = clock.monotonic();
    const delivered = (note: string | undefined) => {
      const ms = clock.monotonic() - takenAt;
      emit({ type: "answered", ...named, ms, failure: kind === "failure", note });
    };
    let askedMs = 0;
    for (let failures = 0; ;) {
      if (signal.aborted) return "stopped";
      this.#expect(behind, LONGEST_POST_MS);
      const presented = this.#parts.token.value;
      const posting = this.#postOnce(message, text, kind, signal);
      try {
        const mayStayOpen = this.#open.size < MOST_OPEN;
        const result = mayStayOpen ? await within(clock, HAND_OVER_MS, posting) : await posting;
        if (result === LATE) {
          this.#watch(named, posting, () => this.post(message, text, kind, signal, takenAt, true));
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
        } else if (!RETRIED.has(error.verdict)) {
          emit({ type: "reply-dropped", ...named, reason: error.message });
          return "dropped";
        }
        failures += 1;
        const spent = clock.monotonic() - begun - askedMs;
        // Without the platform nothing else goes on either; with it, others wait behind this one.
        if (error.failure.status !== undefined && spent > PATIENCE_MS) {
          const reason = `${error.message}; tried for ${formatDuration(spent)}`;
          emit({ type: "reply-dropped", ...named, reason });
          return "dropped";
        }
        const inMs = nextDelay(failures, random, error.failure.retryAfterMs);
        if (error.failure.retryAfterMs !== undefined) askedMs += inMs;
        emit({ type: "reply-retry", ...named, failures, reason: error.message, inMs });
        this.#expect(behind, inMs + SLACK_MS);
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
      return this.#parts.platform.send(message.peerId, buildReply(message, text, kind), {
        signal,
        // A pooled connection that died while the machine slept would swallow it.
        fresh: true,
      });
    }
    await this.#parts.platform.notify(fitNotice(text), { signal });
    return { note: undefined };
  }

  /**
   * A post that was handed over is watched. Where nobody knows what became of it, the peer may be at
   * work: sending it again could have it done twice. Where the platform says that it failed, it is
   * posted again, behind the back of the work that has gone on.
   */
  #watch(
    named: { activityId: string; to: string },
    posting: Promise<unknown>,
    again: () => Promise<Delivered>,
  ): void {
    const { emit } = this.#parts;
    const late = (delivered: boolean, reason?: string) =>
      emit({ type: "reply-late", ...named, delivered, reason });
    const watched = posting
      .then(
        () => late(true),
        async (error: unknown) => {
          const { failure, verdict } = error instanceof PlatformError ? error : {};
          if (failure?.deliveryConfirmed === true) return late(true);
          if (verdict !== undefined && !RETRIED.has(verdict)) {
            return emit({ type: "reply-dropped", ...named, reason: messageOf(error) });
          }
          late(false, messageOf(error));
          // It rejects only where our token is refused, which the feed will tell.
          if (failure?.unknownOutcome === false) await again().catch(() => {});
        },
      )
      .finally(() => this.#open.delete(watched));
    this.#open.add(watched);
  }

  /** Nothing that runs behind may speak for the loop. */
  #expect(behind: boolean, ms: number): void {
    if (!behind) this.#watchdog.expect("intake", ms);
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
