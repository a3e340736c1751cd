/** What is done with a lane: its oldest message is taken to its end, then the next one. */
import type { InboundMessage } from "../a2a/feed-row.ts";
import type { ReplyKind } from "../a2a/reply.ts";
import { fullJitter, RETRY_AFTER_MAX_MS } from "../shared/backoff.ts";
import type { Head, Reply } from "../store/store.ts";
import type { Delivery, DeliveryOptions } from "./delivery.ts";
import { senderName } from "./events.ts";
import type { Gate, Trouble } from "./gate.ts";
import type { Naps } from "./naps.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import { composeReply, failureText, troubleText } from "./replies.ts";
import { readEntered, runMessage, withoutRun, type RunDeps, type Verdict } from "./run.ts";
import type { Saver } from "./saver.ts";
import type { Slots } from "./slots.ts";
import type { Turns } from "./turns.ts";

const RETRY_BASE_MS = 2_000;
/** Deaths of the process in the middle of its run after which a message is given up. */
const MOST_CRASHES = 5;
/** Handed-over answers of which the last line's count takes care. */
const MOST_HANDED_OVER = 1_000;

export interface WorkerDeps extends RunDeps {
  delivery: Delivery;
  gate: Gate;
  naps: Naps;
  saver: Saver;
  slots: Slots;
  turns: Turns;
}

export interface Tally {
  settled: number;
  dead: number;
}

/** `wait`: the lane may not go on now. */
type Step = "next" | "wait";

export class Worker {
  readonly #parts: BridgeParts;
  readonly #options: BridgeOptions;
  readonly #deps: WorkerDeps;
  readonly #stops: { drain: AbortSignal; cut: AbortSignal };
  readonly tally: Tally = { settled: 0, dead: 0 };
  /** Messages whose answers were handed over: they count as settled, also if posted again. */
  readonly #handedOver = new Set<string>();

  constructor(
    parts: BridgeParts,
    options: BridgeOptions,
    deps: WorkerDeps,
    stops: { drain: AbortSignal; cut: AbortSignal },
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#deps = deps;
    this.#stops = stops;
  }

  /** Works the lane until it is empty or the bridge stops. Rejects with what ends the run. */
  async work(lane: string): Promise<void> {
    const { store } = this.#parts;
    while (!this.#stops.drain.aborted) {
      const head = await this.#deps.keeper.do(() => store.journal.head(lane));
      if (head === undefined) return;
      const { reply } = head;
      const step = await (reply === undefined ? this.#take(lane, head) : this.#deliver(reply));
      if (step === "wait") return;
    }
  }

  /** Runs the head of the lane, once it may be run. */
  async #take(lane: string, head: Head): Promise<Step> {
    const { gate, slots, turns } = this.#deps;
    const { drain } = this.#stops;
    if (head.crashes >= MOST_CRASHES) return this.#giveUp(head);
    const unrun = withoutRun(this.#parts, this.#options, head);
    if (unrun !== undefined) {
      const message = await this.#load(head);
      if (message === undefined) return "next";
      return this.#conclude(head, message, unrun, this.#parts.clock.monotonic(), () => {});
    }
    if (!(await turns.wait(lane, drain))) return "wait";
    const { trouble } = gate;
    if (trouble !== undefined && (await this.#tellTrouble(head, trouble))) return "next";
    await gate.wait(drain);
    if (!(await slots.take(drain))) return "wait";
    // A slot is given back once: at the end of the run, or of the first try to post its answer.
    let held = true;
    const free = () => {
      if (held) slots.free();
      held = false;
    };
    try {
      // It may have closed meanwhile, or another has gone through to see.
      return gate.enter() ? await this.#run(head, free) : "next";
    } finally {
      free();
    }
  }

  async #run(head: Head, free: () => void): Promise<Step> {
    const { clock, store } = this.#parts;
    const { gate, keeper } = this.#deps;
    const takenAt = clock.monotonic();
    const counts = this.#options.turnLimit > 0;
    const raw = await keeper.do(() => store.journal.begin(head.id, counts));
    const message = await this.#read(head, raw);
    if (message === undefined) return "next";
    const { cut } = this.#stops;
    const verdict = await runMessage(this.#parts, this.#options, this.#deps, message, head, cut);
    if (verdict.kind === "operator") gate.close(verdict);
    else if (verdict.kind !== "stopped" && verdict.kind !== "again") gate.open();
    // One at a time means that the answer belongs to the run; else others may begin.
    if (this.#options.concurrency > 1) free();
    return this.#conclude(head, message, verdict, takenAt, free);
  }

  async #conclude(
    head: Head,
    message: InboundMessage,
    verdict: Verdict,
    takenAt: number,
    free: () => void,
  ): Promise<Step> {
    const { store, emit, random } = this.#parts;
    const { keeper, naps } = this.#deps;
    const { id } = head;
    switch (verdict.kind) {
      case "answered": {
        const kind = verdict.failure ? "failure" : "answer";
        const text = verdict.dead === undefined ? verdict.text : failureText(verdict.text);
        const kept = await this.#keep(head, message, kind, text, verdict.dead);
        return this.#deliver(kept.reply, { ...kept, takenAt, onPause: free });
      }
      case "silent":
        if (verdict.dead === undefined) {
          await keeper.do(() => store.journal.settle(id));
          this.#ended("settled");
        } else {
          const reason = verdict.dead;
          await keeper.do(() => store.journal.bury(id, reason));
          this.#ended("dead");
        }
        return "next";
      case "again": {
        await keeper.do(() => store.journal.again(id));
        free();
        const attempt = head.attempts + 1;
        const asked = Math.min(verdict.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
        const inMs = asked + fullJitter(attempt, random, RETRY_BASE_MS);
        const { reason } = verdict;
        const of = this.#options.maxAttempts;
        emit({ type: "run-retry", activityId: id, attempt, of, reason, inMs });
        await naps.nap(inMs, this.#stops.drain);
        return "next";
      }
      case "operator": {
        await keeper.do(() => store.journal.release(id));
        if (head.told || message.isReply) return "next";
        const kept = await this.#keep(head, message, "trouble", troubleText(verdict.told));
        return this.#deliver(kept.reply, { ...kept, takenAt, onPause: free });
      }
      case "stopped":
        await keeper.do(() => store.journal.release(id, true));
        return "wait";
    }
  }

  /** Too many processes died over it. */
  async #giveUp(head: Head): Promise<Step> {
    const { store, emit } = this.#parts;
    const reason = `the bridge ended ${head.crashes} times in the middle of its run`;
    const message = await this.#load(head);
    if (message === undefined) return "next";
    const from = senderName(message.peerId);
    emit({ type: "run-failed", activityId: head.id, from, attempts: head.crashes, reason });
    if (message.isReply) {
      await this.#deps.keeper.do(() => store.journal.bury(head.id, reason));
      this.#ended("dead");
    } else await this.#keep(head, message, "failure", failureText("it kept failing"), reason);
    return "next";
  }

  /** While the backend can't work, the asker is told once that his message is kept. */
  async #tellTrouble(head: Head, { told }: Trouble): Promise<boolean> {
    // An answer to us is never answered.
    if (head.told || head.isReply) return false;
    const message = await this.#load(head);
    if (message === undefined) return true;
    await this.#keep(head, message, "trouble", troubleText(told));
    return true;
  }

  async #load(head: Head): Promise<InboundMessage | undefined> {
    const { store } = this.#parts;
    return this.#read(head, await this.#deps.keeper.do(() => store.journal.row(head.id)));
  }

  /** The message of a kept row; one that this version can't read goes to the dead letters. */
  async #read({ id }: Head, raw: string): Promise<InboundMessage | undefined> {
    const { store, emit } = this.#parts;
    const message = readEntered(raw, this.#options.workspaceId);
    if (message !== undefined) return message;
    const reason = "what the journal keeps of it can't be read by this version";
    emit({ type: "run-failed", activityId: id, from: "unknown", attempts: 0, reason });
    await this.#deps.keeper.do(() => store.journal.bury(id, reason));
    this.#ended("dead");
    return undefined;
  }

  async #keep(
    head: Head,
    message: InboundMessage,
    kind: ReplyKind,
    text: string,
    dead?: string,
  ): Promise<{ reply: Reply; body: string }> {
    const { store, emit } = this.#parts;
    const composed = composeReply(head, message, kind, text);
    // On the disk before it is posted.
    const reply = await this.#deps.keeper.do(() => store.outbox.keep(composed, dead));
    emit({ type: "reply-kept", activityId: head.id, kind });
    return { reply, body: composed.body };
  }

  async #deliver(reply: Reply, options: DeliveryOptions = {}): Promise<Step> {
    const delivered = await this.#deps.delivery.deliver(reply, options);
    if (delivered === "left") return "wait";
    if (reply.kind !== "trouble") {
      if (this.#handedOver.delete(reply.activityId)) this.tally.settled -= 1;
      if (this.#handedOver.size >= MOST_HANDED_OVER) this.#handedOver.clear();
      if (delivered === "open") this.#handedOver.add(reply.activityId);
      const dead = delivered === "refused" || reply.deadReason !== undefined;
      this.#ended(dead ? "dead" : "settled");
    }
    return "next";
  }

  #ended(how: keyof Tally): void {
    this.tally[how] += 1;
    this.#deps.saver.touch();
  }
}
