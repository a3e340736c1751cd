/**
 * Posts the replies of the outbox: to a peer as a message of our own, to the canvas as a notice.
 * Tries again what may pass, gives up what can't, and hands over a post that a slow peer holds open.
 */
import type { MessageSendRequest } from "../contract/types.ts";
import { getString } from "../shared/json.ts";
import { nextDelay } from "../shared/backoff.ts";
import { LATE, within } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { formatTimestamp } from "../shared/timestamp.ts";
import { PlatformError, type Verdict } from "../platform/platform.ts";
import type { PeerMode, Reply } from "../store/store.ts";
import { senderName } from "./events.ts";
import { Handover } from "./handover.ts";
import type { Keeper } from "./keeper.ts";
import type { Naps } from "./naps.ts";
import { ECHO_MS, wasPosted } from "./notices.ts";
import type { Pace } from "./pace.ts";
import type { BridgeParts } from "./parts.ts";
import { Slots } from "./slots.ts";
import type { Standing } from "./standing.ts";
import type { Watchdog } from "./watchdog.ts";

/** A push peer answers on the open request, minutes later (T24): after this long it is not awaited. */
const HAND_OVER_MS = 15_000;
/** Posts that are made at once: a full outbox at the start must not become a flood. */
const MOST_POSTS = 32;
/** Peers whose mode is remembered here; the store has them all. */
const MOST_MODES = 10_000;
/** How long a reply is tried, from when it was entered. */
const PATIENCE_MS = 24 * 3_600_000;
/** Longer than any post may take, and than the pause after it. */
const SLACK_MS = 45 * 60_000;

/** What may pass; of a 401 only our own standing tells. */
const RETRIED: ReadonlySet<Verdict> = new Set(["transient", "misaddressed", "unauthorized"]);

/** `open`: handed over. `left`: still in the outbox, because the bridge was told to stop. */
export type Delivered = "posted" | "refused" | "open" | "left";

export interface DeliveryDeps {
  naps: Naps;
  watchdog: Watchdog;
  keeper: Keeper;
  pace: Pace;
  standing: Standing;
}

/** How one reply is delivered. */
export interface DeliveryOptions {
  /** When its message was taken, monotonic: for the time that the answer took. */
  takenAt?: number | undefined;
  /** What is posted, where it is at hand. */
  body?: string;
  /** It was handed over before: nobody waits for it. */
  behind?: boolean;
  /** Called before the first pause: the work may go on with others. */
  onPause?: () => void;
}

export class Delivery {
  readonly #parts: BridgeParts;
  readonly #deps: DeliveryDeps;
  readonly #stops: { drain: AbortSignal; cut: AbortSignal };
  readonly #handover: Handover;
  readonly #posts = new Slots(MOST_POSTS);
  /** How peers take messages, as far as that was written down. */
  readonly #modes = new Map<string, PeerMode>();

  constructor(
    parts: BridgeParts,
    deps: DeliveryDeps,
    stops: { drain: AbortSignal; cut: AbortSignal },
  ) {
    this.#parts = parts;
    this.#deps = deps;
    this.#stops = stops;
    const again = (reply: Reply) => this.deliver(reply, { behind: true });
    this.#handover = new Handover(parts, deps.keeper, again, stops.cut);
  }

  /** The posts that their peers hold open. */
  get handover(): Handover {
    return this.#handover;
  }

  /**
   * Posts the reply, under the same message id each time, until it is delivered, refused for good,
   * handed over, or the bridge stops. Rejects only when our own token is refused for good.
   */
  async deliver(reply: Reply, options: DeliveryOptions = {}): Promise<Delivered> {
    const { clock, random, emit } = this.#parts;
    const { naps, keeper, watchdog } = this.#deps;
    const { drain, cut } = this.#stops;
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    const loop = `delivery of ${reply.activityId}`;
    let doubtful = reply.maybePosted;
    try {
      for (let failures = 0; !cut.aborted;) {
        watchdog.expect(loop, SLACK_MS);
        const presented = this.#parts.token.value;
        try {
          const known = await this.#known(reply, doubtful, options);
          if (known !== undefined) return known;
          if (cut.aborted) break;
          return await this.#post(reply, options);
        } catch (error) {
          if (cut.aborted) break;
          if (!(error instanceof PlatformError)) throw error;
          doubtful ||= mayHaveArrived(error);
          const judged = await this.#judge(reply, error, presented);
          if (judged === "again") continue;
          if (judged !== "later") return judged;
          failures += 1;
          const inMs = nextDelay(failures, random, error.failure.retryAfterMs);
          if (clock.now() - reply.since + inMs > PATIENCE_MS) {
            const reason = `${error.message}; tried for ${formatDuration(PATIENCE_MS)}`;
            await keeper.do(() => this.#refuse(reply, reason));
            return "refused";
          }
          emit({ type: "reply-retry", ...named, failures, reason: error.message, inMs });
          options.onPause?.();
          // A bridge that was told to stop does not wait for what the next start can do as well.
          await naps.nap(inMs, drain);
          if (drain.aborted) break;
        }
      }
      return "left";
    } finally {
      watchdog.dismiss(loop);
    }
  }

  /** Looks for a notice of which nobody knows whether it was posted. */
  async #known(
    reply: Reply,
    doubtful: boolean,
    options: DeliveryOptions,
  ): Promise<Delivered | undefined> {
    if (!doubtful || reply.lane !== "") return undefined;
    const { cut } = this.#stops;
    options.onPause?.();
    await this.#deps.naps.nap(ECHO_MS, cut);
    if (cut.aborted) return undefined;
    const found = await wasPosted(this.#parts, reply, cut).catch((error: unknown) => {
      // Whatever the feed answers is no verdict on the reply.
      if (!(error instanceof PlatformError)) throw error;
      throw new PlatformError(error.message, { ...error.failure, verdict: "transient" });
    });
    return found ? this.#posted(reply, options, "found in the feed") : undefined;
  }

  async #post(reply: Reply, options: DeliveryOptions): Promise<Delivered> {
    const { clock, emit } = this.#parts;
    const { keeper, pace, watchdog } = this.#deps;
    const { cut } = this.#stops;
    await pace.beforeAnswer(cut);
    if (!(await this.#posts.take(cut))) return "left";
    const posting = this.#postOnce(reply, options.body);
    const sent = await (
      this.#handover.hasRoom ? within(clock, HAND_OVER_MS, posting) : posting
    ).finally(() => this.#posts.free());
    if (sent === LATE) {
      const named = { activityId: reply.activityId, to: senderName(reply.lane) };
      // Watched before it is written down, so that its end can't be missed.
      this.#handover.watch(reply, posting);
      emit({ type: "reply-handed-over", ...named, afterMs: HAND_OVER_MS });
      await keeper.do(() => this.#parts.store.outbox.handOver(reply));
      return "open";
    }
    watchdog.contact();
    return this.#posted(reply, options, sent.note);
  }

  async #postOnce(reply: Reply, known: string | undefined): Promise<{ note: string | undefined }> {
    const { platform, store } = this.#parts;
    const signal = this.#stops.cut;
    const body = known ?? (await store.outbox.body(reply));
    if (reply.lane === "") {
      await platform.notify(body, { signal });
      return { note: undefined };
    }
    const request = JSON.parse(body) as MessageSendRequest;
    // A pooled connection that died while the machine slept would swallow it.
    const sent = await platform.send(reply.lane, request, { signal, fresh: true });
    const polls = sent.queued && getString(sent.body, "delivery_mode") === "poll";
    await this.#learn(reply.lane, polls ? "poll" : "push");
    return sent;
  }

  async #learn(peer: string, mode: PeerMode): Promise<void> {
    if (this.#modes.get(peer) === mode) return;
    if (this.#modes.size >= MOST_MODES) this.#modes.clear();
    this.#modes.set(peer, mode);
    // Not worth stopping for: it is only asked where a handed-over post breaks off.
    await this.#parts.store.outbox.learnPeerMode(peer, mode).catch(() => {});
  }

  async #posted(
    reply: Reply,
    { takenAt, behind = false }: DeliveryOptions,
    note: string | undefined,
  ): Promise<Delivered> {
    const { clock, emit, platform, store } = this.#parts;
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    const ms = takenAt === undefined ? clock.now() - reply.since : clock.monotonic() - takenAt;
    if (behind) emit({ type: "reply-late", ...named, delivered: true, reason: note });
    else emit({ type: "answered", ...named, ms: Math.max(0, ms), kind: reply.kind, note });
    const at = formatTimestamp(BigInt(Math.floor(platform.serverNow())) * 1_000_000n);
    await this.#deps.keeper.do(() => store.outbox.posted(reply, at));
    return "posted";
  }

  /** What a failed try means: a status on a reply speaks of that reply alone. */
  async #judge(
    reply: Reply,
    error: PlatformError,
    presented: string | undefined,
  ): Promise<Delivered | "again" | "later"> {
    if (error.failure.deliveryConfirmed === true) return this.#posted(reply, {}, error.message);
    let refused = !RETRIED.has(error.verdict);
    if (error.verdict === "unauthorized") {
      const ours = await this.#deps.standing.afterRefusal(error, presented, this.#stops.cut);
      if (ours === "renewed") return "again";
      refused = ours === "fine";
    }
    if (!refused) return "later";
    await this.#deps.keeper.do(() => this.#refuse(reply, error.message));
    return "refused";
  }

  async #refuse(reply: Reply, reason: string): Promise<void> {
    await this.#parts.store.outbox.refused(reply, reason);
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    this.#parts.emit({ type: "reply-refused", ...named, kind: reply.kind, reason });
  }
}

/**
 * Whether the platform may have acted although the call failed: no answer came, or one that can't be
 * read, or a gateway stood in for the platform, which says nothing of what went on behind it.
 */
function mayHaveArrived({ failure: { status = 0, unknownOutcome } }: PlatformError): boolean {
  return unknownOutcome === true || status >= 500 || (status >= 200 && status <= 299);
}
