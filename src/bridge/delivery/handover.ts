/**
 * Posts that a peer holds open while it works on them (T24): nobody waits for them, they are only
 * watched. The reply stays in the outbox until its end is known.
 */
import { Bell } from "../../shared/bell.ts";
import { messageOf } from "../../shared/errors.ts";
import { formatTimestamp } from "../../shared/timestamp.ts";
import { PlatformError } from "../../platform/platform.ts";
import type { Reply } from "../../store/store.ts";
import { RETRIED } from "./delivery.ts";
import { senderName } from "../events.ts";
import { Unwritten, type Keeper } from "../keeper.ts";
import type { BridgeParts } from "../parts.ts";
import type { Tries } from "./tries.ts";

/** Posts of one bridge that may stay open at once. */
const MOST_OPEN = 64;
/** Of one peer: it must not keep the others from being answered. */
const MOST_OF_ONE = 4;

export interface HandoverDeps {
  keeper: Keeper;
  tries: Tries;
  /** A reply was taken back, to be posted again first in its lane. */
  poke(lane: string): void;
}

type HandoverParts = Pick<BridgeParts, "store" | "emit" | "platform" | "requests">;

export class Handover {
  readonly #parts: HandoverParts;
  readonly #deps: HandoverDeps;
  readonly #cut: AbortSignal;
  /** The lanes of the open posts. */
  readonly #open = new Map<Promise<void>, string>();
  readonly #ended = new Bell();
  /** Those that we broke off ourselves, at the end: their peers still work on them. */
  #brokenOff = 0;

  constructor(parts: HandoverParts, deps: HandoverDeps, cut: AbortSignal) {
    this.#parts = parts;
    this.#deps = deps;
    this.#cut = cut;
  }

  get open(): number {
    return this.#open.size + this.#brokenOff;
  }

  /** Whether one more post to this peer may stay open. */
  hasRoom(lane: string): boolean {
    const ofOne = [...this.#open.values()].filter((other) => other === lane).length;
    const { requests } = this.#parts;
    return this.#open.size < MOST_OPEN && ofOne < MOST_OF_ONE && requests.hasRoom("post");
  }

  async untilRoom(lane: string, signal: AbortSignal): Promise<void> {
    while (!this.hasRoom(lane) && !signal.aborted) await this.#parts.requests.freed.wait(signal);
  }

  /** Watches a post until it ends. */
  watch(reply: Reply, posting: Promise<unknown>): void {
    this.#track(
      reply.lane,
      posting.then(
        () => this.#delivered(reply),
        (error: unknown) => this.#failed(reply, error),
      ),
    );
  }

  /** Those of a process that has ended: nobody will ever know how they ended. */
  async resume(replies: readonly Reply[]): Promise<void> {
    for (const reply of replies) await this.#unknown(reply, "the bridge ended before it did");
  }

  /** Resolves when all have ended, or the signal aborts. */
  async settle(signal: AbortSignal): Promise<void> {
    while (this.#open.size > 0 && !signal.aborted) await this.#ended.wait(signal);
  }

  #track(lane: string, work: Promise<"broken off" | void>): void {
    const release = this.#parts.requests.take("post");
    const tracked = work
      .catch((error: unknown) => {
        // The reply is still in the outbox; the next start takes it up.
        if (error instanceof Unwritten) return;
        this.#parts.emit({ type: "upkeep-failed", reason: messageOf(error) });
      })
      .then((end) => {
        this.#open.delete(tracked);
        if (end === "broken off") this.#brokenOff += 1;
        // One beyond the room of all was a post that the platform answered late: those who wait look again.
        if (release === undefined) this.#parts.requests.freed.ring();
        else release();
        this.#ended.ring();
      });
    this.#open.set(tracked, lane);
  }

  async #delivered(reply: Reply): Promise<void> {
    this.#tell(reply, true, undefined);
    await this.#finish(reply);
  }

  async #failed(reply: Reply, error: unknown): Promise<"broken off" | void> {
    // Ended by us: the next start decides.
    if (this.#cut.aborted) return "broken off";
    if (!(error instanceof PlatformError)) return this.#unknown(reply, messageOf(error));
    const { failure, verdict, message } = error;
    if (failure.deliveryConfirmed === true) return this.#delivered(reply);
    if (failure.unknownOutcome === true) return this.#unknown(reply, message);
    if (RETRIED.has(verdict)) return this.#again(reply, message, failure.retryAfterMs);
    return this.#refuse(reply, message);
  }

  /**
   * Nobody knows what became of it. A push peer may be at work on it, and would do it twice; one
   * that polls was only slow, and takes it under the same id.
   */
  async #unknown(reply: Reply, reason: string): Promise<void> {
    const { outbox } = this.#parts.store;
    const mode = await this.#deps.keeper.do(() => outbox.peerMode(reply.lane));
    if (mode === "poll") return this.#again(reply, reason);
    this.#tell(reply, false, reason);
    await this.#finish(reply);
  }

  /**
   * It is posted again, if it has not been tried for too long: by this process once it has rested, and
   * also by the next one, for which it is written down at once.
   */
  async #again(reply: Reply, reason: string, retryAfterMs?: number): Promise<void> {
    const { keeper, tries, poke } = this.#deps;
    const next = tries.failed(reply, reason, retryAfterMs);
    if (next.kind === "over") return this.#refuse(reply, next.reason);
    this.#tell(reply, false, reason);
    await keeper.do(() => this.#parts.store.outbox.takeBack(reply));
    poke(reply.lane);
  }

  async #refuse(reply: Reply, reason: string): Promise<void> {
    await this.#deps.keeper.do(() => this.#parts.store.outbox.refused(reply, reason));
    this.#deps.tries.forget(reply);
    const { activityId, lane, kind } = reply;
    const to = senderName(lane);
    this.#parts.emit({ type: "reply-refused", activityId, to, kind, reason });
  }

  async #finish(reply: Reply): Promise<void> {
    const { platform, store } = this.#parts;
    const at = formatTimestamp(BigInt(Math.floor(platform.serverNow())) * 1_000_000n);
    await this.#deps.keeper.do(() => store.outbox.posted(reply, at));
    this.#deps.tries.forget(reply);
  }

  #tell(reply: Reply, delivered: boolean, reason: string | undefined): void {
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    this.#parts.emit({ type: "reply-late", ...named, delivered, reason });
  }
}
