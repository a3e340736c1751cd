/** How messages come to their end: with an answer that is kept and delivered, settled, or given up. */
import type { InboundMessage } from "../../a2a/feed-row.ts";
import type { ReplyKind } from "../../a2a/reply.ts";
import type { Attachment, Head, Reply } from "../../store/store.ts";
import type { Delivery, DeliveryOptions } from "../delivery/delivery.ts";
import type { Keeper } from "../keeper.ts";
import type { MessageFiles } from "../files/message-files.ts";
import type { BridgeParts } from "../parts.ts";
import { composeReply } from "./replies.ts";
import type { Saver } from "../feed/saver.ts";

/** Handed-over answers of which the last line's count takes care. */
const MOST_HANDED_OVER = 1_000;

export interface EndingsDeps {
  delivery: Delivery;
  files: MessageFiles;
  keeper: Keeper;
  saver: Saver;
}

/** What goes with an answer beside its text. */
export interface With {
  /** Why its message goes to the dead letters after it. */
  dead?: string | undefined;
  attachments?: readonly Attachment[] | undefined;
}

export interface Tally {
  settled: number;
  dead: number;
}

export class Endings {
  readonly #parts: Pick<BridgeParts, "store" | "emit">;
  readonly #deps: EndingsDeps;
  readonly tally: Tally = { settled: 0, dead: 0 };
  /** Messages whose answers were handed over: they count as settled, also if posted again. */
  readonly #handedOver = new Set<string>();

  constructor(parts: Pick<BridgeParts, "store" | "emit">, deps: EndingsDeps) {
    this.#parts = parts;
    this.#deps = deps;
  }

  /** Puts an answer into the outbox: on the disk before it is posted. */
  async keep(
    head: Head,
    message: InboundMessage,
    kind: ReplyKind,
    text: string,
    { dead, attachments }: With = {},
  ): Promise<{ reply: Reply; body: string }> {
    const { store, emit } = this.#parts;
    const composed = composeReply(head, message, kind, text, attachments);
    const reply = await this.#deps.keeper.do(() => store.outbox.keep(composed, dead));
    emit({ type: "reply-kept", activityId: head.id, kind });
    return { reply, body: composed.body };
  }

  /** Delivers a reply; resolves with false where it stays in the outbox, because the bridge stops. */
  async deliver(reply: Reply, options: DeliveryOptions = {}): Promise<boolean> {
    const delivered = await this.#deps.delivery.deliver(reply, options);
    if (delivered === "left") return false;
    if (reply.kind !== "trouble") {
      const { activityId, deadReason } = reply;
      if (this.#handedOver.delete(activityId)) this.tally.settled -= 1;
      if (this.#handedOver.size >= MOST_HANDED_OVER) this.#handedOver.clear();
      if (delivered === "open") this.#handedOver.add(activityId);
      const isDead = delivered === "refused" || deadReason !== undefined;
      await this.#ended(activityId, isDead ? "dead" : "settled");
    }
    return true;
  }

  /** Ends it without a word. */
  async settle(id: string): Promise<void> {
    await this.#deps.keeper.do(() => this.#parts.store.journal.settle(id));
    await this.#ended(id, "settled");
  }

  /** Puts it into the dead letters without a word. */
  async bury(id: string, reason: string): Promise<void> {
    await this.#deps.keeper.do(() => this.#parts.store.journal.bury(id, reason));
    await this.#ended(id, "dead");
  }

  async #ended(id: string, how: keyof Tally): Promise<void> {
    this.tally[how] += 1;
    this.#deps.saver.touch();
    // A dead letter may be retried, and needs its files then.
    if (how === "settled") await this.#deps.files.release(id);
  }
}
