/**
 * Posts that a peer holds open while it works on them (T24): nobody waits for them, they are only
 * watched. The reply stays in the outbox until its end is known.
 */
import { messageOf } from "../shared/errors.ts";
import { formatTimestamp } from "../shared/timestamp.ts";
import { PlatformError } from "../platform/platform.ts";
import type { Reply } from "../store/store.ts";
import { senderName } from "./events.ts";
import type { Keeper } from "./keeper.ts";
import type { BridgeParts } from "./parts.ts";

/** Posts that may stay open at once; Bun itself allows 256 requests. */
const MOST_OPEN = 64;

export class Handover {
  readonly #parts: Pick<BridgeParts, "store" | "emit" | "platform">;
  readonly #keeper: Keeper;
  readonly #again: (reply: Reply) => Promise<unknown>;
  readonly #cut: AbortSignal;
  readonly #open = new Set<Promise<void>>();
  /** Those that we broke off ourselves, at the end: their peers still work on them. */
  #brokenOff = 0;

  /** `again` posts a reply once more, behind the back of the work that has gone on. */
  constructor(
    parts: Pick<BridgeParts, "store" | "emit" | "platform">,
    keeper: Keeper,
    again: (reply: Reply) => Promise<unknown>,
    cut: AbortSignal,
  ) {
    this.#parts = parts;
    this.#keeper = keeper;
    this.#again = again;
    this.#cut = cut;
  }

  get open(): number {
    return this.#open.size + this.#brokenOff;
  }

  get hasRoom(): boolean {
    return this.#open.size < MOST_OPEN;
  }

  /** Watches a post until it ends. */
  watch(reply: Reply, posting: Promise<unknown>): void {
    this.#track(
      posting.then(
        () => this.#delivered(reply),
        (error: unknown) => this.#failed(reply, error),
      ),
    );
  }

  /** Those of a process that has ended: nobody will ever know how they ended. */
  resume(replies: readonly Reply[]): void {
    for (const reply of replies)
      this.#track(this.#unknown(reply, "the bridge ended before it did"));
  }

  /** Resolves when all have ended, or the signal aborts. */
  async settle(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const end = () => aborted.resolve();
    signal.addEventListener("abort", end, { once: true });
    const ended = async () => {
      while (this.#open.size > 0) await Promise.all(this.#open);
    };
    await Promise.race([ended(), aborted.promise]);
    signal.removeEventListener("abort", end);
  }

  #track(work: Promise<"broken off" | void>): void {
    const tracked = work
      // It rejects only where the bridge ends anyway, or where our token is refused, which the feed
      // tells as well. The reply is still in the outbox.
      .catch(() => {})
      .then((end) => {
        this.#open.delete(tracked);
        if (end === "broken off") this.#brokenOff += 1;
      });
    this.#open.add(tracked);
  }

  async #delivered(reply: Reply): Promise<void> {
    this.#tell(reply, true, undefined);
    await this.#finish(reply);
  }

  async #failed(reply: Reply, error: unknown): Promise<"broken off" | void> {
    // Ended by us: the next start decides.
    if (this.#cut.aborted) return "broken off";
    if (!(error instanceof PlatformError)) return this.#unknown(reply, messageOf(error));
    const { failure, verdict } = error;
    if (failure.deliveryConfirmed === true) return this.#delivered(reply);
    if (failure.unknownOutcome === true) return this.#unknown(reply, error.message);
    if (verdict === "transient" || verdict === "misaddressed" || verdict === "unauthorized") {
      this.#tell(reply, false, error.message);
      await this.#again(reply);
      return;
    }
    const { store, emit } = this.#parts;
    await this.#keeper.do(() => store.outbox.refused(reply, error.message));
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    emit({ type: "reply-refused", ...named, kind: reply.kind, reason: error.message });
  }

  /**
   * Nobody knows what became of it. A push peer may be at work on it, and would do it twice; one
   * that polls was only slow, and takes it under the same id.
   */
  async #unknown(reply: Reply, reason: string): Promise<void> {
    this.#tell(reply, false, reason);
    const mode = await this.#parts.store.outbox.peerMode(reply.lane);
    if (mode === "poll") await this.#again(reply);
    else await this.#finish(reply);
  }

  async #finish(reply: Reply): Promise<void> {
    const { platform, store } = this.#parts;
    const at = formatTimestamp(BigInt(Math.floor(platform.serverNow())) * 1_000_000n);
    await this.#keeper.do(() => store.outbox.posted(reply, at));
  }

  #tell(reply: Reply, delivered: boolean, reason: string | undefined): void {
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    this.#parts.emit({ type: "reply-late", ...named, delivered, reason });
  }
}
