/** One try to post a reply: to a peer as a message of our own, to the canvas as a notice. */
import type { MessageSendRequest, NotifyRequest } from "../../contract/types.ts";
import { getString } from "../../shared/json.ts";
import { LATE, within } from "../../shared/clock.ts";
import type { PeerMode, Reply } from "../../store/store.ts";
import { senderName } from "../events.ts";
import type { Handover } from "./handover.ts";
import type { Keeper } from "../keeper.ts";
import { refusalIn } from "./late-refusal.ts";
import type { Pace } from "../pace.ts";
import type { BridgeParts } from "../parts.ts";
import { Slots } from "../runs/slots.ts";

/** A push peer answers on the open request, minutes later (T24): after this long it is not awaited. */
const HAND_OVER_MS = 15_000;
/** Posts that are made at once: a full outbox at the start must not become a flood. */
const MOST_POSTS = 32;
/** Peers whose mode is remembered here; the store has them all. */
const MOST_MODES = 10_000;

/** `open`: the peer holds it, nobody waits for it any more. `left`: not posted, since we stop. */
export type Posted = { kind: "posted"; note: string | undefined } | { kind: "open" | "left" };

export class Poster {
  readonly #parts: BridgeParts;
  readonly #deps: { keeper: Keeper; pace: Pace; handover: Handover };
  readonly #stops: { drain: AbortSignal; cut: AbortSignal };
  readonly #slots = new Slots(MOST_POSTS);
  /** How peers take messages, as far as that was written down. */
  readonly #modes = new Map<string, PeerMode>();

  constructor(
    parts: BridgeParts,
    deps: { keeper: Keeper; pace: Pace; handover: Handover },
    stops: { drain: AbortSignal; cut: AbortSignal },
  ) {
    this.#parts = parts;
    this.#deps = deps;
    this.#stops = stops;
  }

  /**
   * Posts it once; `body` is what is posted, where it is at hand. `onPause` is called before a wait for
   * peers that hold too many of ours. Rejects with a PlatformError.
   */
  async post(reply: Reply, body: string | undefined, onPause?: () => void): Promise<Posted> {
    const { clock, emit, store } = this.#parts;
    const { keeper, pace, handover } = this.#deps;
    const { drain, cut } = this.#stops;
    const isPeer = reply.lane !== "";
    // One that polls answers at once, and holds nothing open.
    if (isPeer && this.#modes.get(reply.lane) !== "poll" && !handover.hasRoom(reply.lane)) {
      onPause?.();
      await handover.untilRoom(reply.lane, drain);
      if (drain.aborted) return { kind: "left" };
    }
    await pace.beforeAnswer(cut);
    if (!(await this.#slots.take(cut))) return { kind: "left" };
    const posting = this.#send(reply, body);
    // The canvas has a short deadline of its own.
    const sent = await (isPeer ? within(clock, HAND_OVER_MS, posting) : posting).finally(() =>
      this.#slots.free(),
    );
    if (sent !== LATE) return { kind: "posted", note: sent.note };
    // Written down in the order of these lines, so that its end can't overtake it.
    const handed = keeper.do(() => store.outbox.handOver(reply));
    handover.watch(reply, posting);
    const named = { activityId: reply.activityId, to: senderName(reply.lane) };
    emit({ type: "reply-handed-over", ...named, afterMs: HAND_OVER_MS });
    await handed;
    return { kind: "open" };
  }

  async #send(reply: Reply, given: string | undefined): Promise<{ note: string | undefined }> {
    const { platform, store } = this.#parts;
    const signal = this.#stops.cut;
    const body = given ?? (await this.#deps.keeper.do(() => store.outbox.body(reply)));
    // Who was paused or cut off may have been replaced meanwhile, and the other has posted it.
    await store.lock.sure(signal);
    if (reply.lane === "") {
      await platform.notify(body, { signal, attachments: uploaded(reply) });
      return { note: undefined };
    }
    const request = JSON.parse(body) as MessageSendRequest;
    // A pooled connection that died while the machine slept would swallow it.
    const sent = await platform.send(reply.lane, request, { signal, fresh: true });
    const polls = sent.queued && getString(sent.body, "delivery_mode") === "poll";
    await this.#learn(reply.lane, polls ? "poll" : "push");
    const refusal = refusalIn(sent.body);
    if (refusal !== undefined) throw refusal;
    return sent;
  }

  async #learn(peer: string, mode: PeerMode): Promise<void> {
    if (this.#modes.get(peer) === mode) return;
    if (this.#modes.size >= MOST_MODES) this.#modes.clear();
    this.#modes.set(peer, mode);
    // Not worth stopping for: it is only asked where a handed-over post breaks off.
    await this.#parts.store.outbox.learnPeerMode(peer, mode).catch(() => {});
  }
}

/** What goes with the notice: the files that the platform has. */
function uploaded({ attachments = [] }: Reply): NotifyRequest["attachments"] {
  const listed = attachments.flatMap(({ uri, name, mimeType, size }) =>
    uri === undefined ? [] : [{ uri, name, size, ...(mimeType === undefined ? {} : { mimeType }) }],
  );
  return listed.length === 0 ? undefined : listed;
}
