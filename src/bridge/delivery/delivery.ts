/**
 * Delivers the replies of the outbox: tries again what may pass, gives up what can't, and looks for a
 * notice before it posts it a second time.
 */
import { formatTimestamp } from "../../shared/timestamp.ts";
import { PlatformError, type Verdict } from "../../platform/platform.ts";
import type { Reply } from "../../store/store.ts";
import type { Attacher, Outgoing } from "../files/attach.ts";
import { senderName } from "../events.ts";
import type { Keeper } from "../keeper.ts";
import type { Naps } from "../naps.ts";
import { ECHO_MS, wasPosted } from "./notices.ts";
import type { BridgeParts } from "../parts.ts";
import type { Poster } from "./post.ts";
import type { Standing } from "../standing.ts";
import type { Tries } from "./tries.ts";
import type { Watchdog } from "../watchdog.ts";

/** For so long a file is tried that the platform fails to take; its answer is worth more than it. */
const FILE_PATIENCE_MS = 3_600_000;
/** Longer than any post may take, and than the waits before and after it. */
const SLACK_MS = 90 * 60_000;

/** What may pass; of a 401 only our own standing tells. */
export const RETRIED: ReadonlySet<Verdict> = new Set(["transient", "misaddressed", "unauthorized"]);

/** `open`: handed over. `left`: still in the outbox, because the bridge was told to stop. */
export type Delivered = "posted" | "refused" | "open" | "left";

export interface DeliveryDeps {
  naps: Naps;
  watchdog: Watchdog;
  keeper: Keeper;
  poster: Poster;
  standing: Standing;
  attacher: Attacher;
  tries: Tries;
}

/** How one reply is delivered. */
export interface DeliveryOptions {
  /** When its message was taken, monotonic: for the time that the answer took. */
  takenAt?: number | undefined;
  /** What is posted, where it is at hand. */
  body?: string;
  /** Called before the first pause: the work may go on with others. */
  onPause?: () => void;
}

export class Delivery {
  readonly #parts: BridgeParts;
  readonly #deps: DeliveryDeps;
  readonly #stops: { drain: AbortSignal; cut: AbortSignal };

  constructor(
    parts: BridgeParts,
    deps: DeliveryDeps,
    stops: { drain: AbortSignal; cut: AbortSignal },
  ) {
    this.#parts = parts;
    this.#deps = deps;
    this.#stops = stops;
  }

  /**
   * Posts the reply, under the same message id each time, until it is delivered, refused for good,
   * handed over, or the bridge stops. Rejects when our own token is refused for good, or when the
   * store can't be used any more.
   */
  async deliver(reply: Reply, options: DeliveryOptions = {}): Promise<Delivered> {
    const { clock, emit } = this.#parts;
    const { watchdog, poster, tries } = this.#deps;
    const { cut } = this.#stops;
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    const loop = `delivery of ${reply.activityId}`;
    const begun = clock.monotonic();
    let doubtful = reply.maybePosted;
    const outgoing: Outgoing = { reply, body: options.body };
    try {
      watchdog.expect(loop, SLACK_MS);
      // Its peer may have held it open, and have asked to be left alone for a while then.
      const restMs = tries.begin(reply);
      if (restMs > 0 && !(await this.#rest(restMs, options))) return "left";
      while (!cut.aborted) {
        watchdog.expect(loop, SLACK_MS);
        const presented = this.#parts.token.value;
        let uploaded = false;
        try {
          if (await this.#isKnown(outgoing.reply, doubtful, options)) {
            return await this.#posted(outgoing.reply, options, "found in the feed");
          }
          if (cut.aborted) break;
          const patient = clock.monotonic() - begun < FILE_PATIENCE_MS;
          await this.#upload(outgoing, options, patient, () => watchdog.expect(loop, SLACK_MS));
          if (cut.aborted) break;
          uploaded = true;
          const sent = await poster.post(outgoing.reply, outgoing.body, options.onPause);
          if (sent.kind !== "posted") return sent.kind;
          watchdog.contact();
          return await this.#posted(outgoing.reply, options, sent.note);
        } catch (error) {
          if (cut.aborted) break;
          if (!(error instanceof PlatformError)) throw error;
          doubtful ||= uploaded && mayHaveArrived(error);
          const judged = await this.#judge(outgoing.reply, error, presented, options);
          if (judged === "again") continue;
          if (judged !== "later") return judged;
          const next = tries.failed(reply, error.message, error.failure.retryAfterMs);
          if (next.kind === "over") return await this.#refuse(outgoing.reply, next.reason);
          const { failures, inMs } = next;
          emit({ type: "reply-retry", ...named, failures, reason: error.message, inMs });
          if (!(await this.#rest(inMs, options))) break;
        }
      }
      return "left";
    } finally {
      watchdog.dismiss(loop);
    }
  }

  /**
   * Waits for the next try. Resolves with false where there is none: a bridge that was told to stop does
   * not wait for what the next start can do as well.
   */
  async #rest(inMs: number, { onPause }: DeliveryOptions): Promise<boolean> {
    const { drain } = this.#stops;
    onPause?.();
    await this.#deps.naps.nap(inMs, drain);
    return !drain.aborted;
  }

  /** The platform has all files of a notice before it is posted. */
  async #upload(
    outgoing: Outgoing,
    options: DeliveryOptions,
    patient: boolean,
    onFile: () => void,
  ): Promise<void> {
    const { attacher } = this.#deps;
    if (!attacher.hasWork(outgoing.reply)) return;
    // It may take minutes, in which others may run.
    options.onPause?.();
    await attacher.upload(outgoing, patient, onFile);
    // The post has all of its time, however long the last file took.
    onFile();
  }

  /** Whether a notice that may have been posted stands in the feed. */
  async #isKnown(reply: Reply, doubtful: boolean, options: DeliveryOptions): Promise<boolean> {
    if (!doubtful || reply.lane !== "") return false;
    const { cut } = this.#stops;
    options.onPause?.();
    await this.#deps.naps.nap(ECHO_MS, cut);
    if (cut.aborted) return false;
    return wasPosted(this.#parts, reply, cut).catch((error: unknown) => {
      // Whatever the feed answers is no verdict on the reply.
      if (!(error instanceof PlatformError)) throw error;
      throw new PlatformError(error.message, { ...error.failure, verdict: "transient" });
    });
  }

  async #posted(
    reply: Reply,
    { takenAt }: DeliveryOptions,
    note: string | undefined,
  ): Promise<Delivered> {
    const { clock, emit, platform, store } = this.#parts;
    const { activityId, lane, kind } = reply;
    const ms = takenAt === undefined ? clock.now() - reply.since : clock.monotonic() - takenAt;
    emit({ type: "answered", activityId, to: senderName(lane), ms: Math.max(0, ms), kind, note });
    const at = formatTimestamp(BigInt(Math.floor(platform.serverNow())) * 1_000_000n);
    await this.#deps.keeper.do(() => store.outbox.posted(reply, at));
    this.#deps.tries.forget(reply);
    return "posted";
  }

  /** What a failed try means: a status on a reply speaks of that reply alone. */
  async #judge(
    reply: Reply,
    error: PlatformError,
    presented: string | undefined,
    options: DeliveryOptions,
  ): Promise<Delivered | "again" | "later"> {
    if (error.failure.deliveryConfirmed === true) {
      return this.#posted(reply, options, error.message);
    }
    let refused = !RETRIED.has(error.verdict);
    if (error.verdict === "unauthorized") {
      const ours = await this.#deps.standing.afterRefusal(error, presented, this.#stops.cut);
      if (ours === "renewed") return "again";
      refused = ours === "fine";
    }
    return refused ? this.#refuse(reply, error.message) : "later";
  }

  async #refuse(reply: Reply, reason: string): Promise<"refused"> {
    const { store, emit } = this.#parts;
    await this.#deps.keeper.do(() => store.outbox.refused(reply, reason));
    this.#deps.tries.forget(reply);
    const { activityId, lane, kind } = reply;
    emit({ type: "reply-refused", activityId, to: senderName(lane), kind, reason });
    return "refused";
  }
}

/**
 * Whether the platform may have acted although the call failed: no answer came, or one that can't be
 * read, or a gateway stood in for the platform, which says nothing of what went on behind it.
 */
function mayHaveArrived({ failure: { status = 0, unknownOutcome } }: PlatformError): boolean {
  return unknownOutcome === true || status >= 500 || (status >= 200 && status <= 299);
}
