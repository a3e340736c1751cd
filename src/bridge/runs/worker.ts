/** What is done with a lane: its oldest message is taken to its end, then the next one. */
import type { InboundMessage } from "../../a2a/feed-row.ts";
import type { ChildProcess, Head } from "../../store/store.ts";
import type { Endings } from "./endings.ts";
import type { Entry } from "./entry.ts";
import { senderName } from "../events.ts";
import type { Gate } from "./gate.ts";
import type { Naps } from "../naps.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import { retryDelay } from "./patience.ts";
import { failureText, troubleText } from "./replies.ts";
import { readEntered, runMessage, type RunDeps } from "./run.ts";
import type { Slots } from "./slots.ts";
import type { Verdict } from "./verdict.ts";

export interface WorkerDeps extends RunDeps {
  endings: Endings;
  entry: Entry;
  gate: Gate;
  naps: Naps;
  slots: Slots;
}

/** `wait`: the lane may not go on now. */
type Step = "next" | "wait";

export class Worker {
  readonly #parts: BridgeParts;
  readonly #options: BridgeOptions;
  readonly #deps: WorkerDeps;
  readonly #stops: { drain: AbortSignal; cut: AbortSignal };

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
    const { endings, keeper } = this.#deps;
    while (!this.#stops.drain.aborted) {
      const head = await keeper.do(() => store.journal.head(lane));
      if (head === undefined) return;
      const { reply } = head;
      const goesOn =
        reply === undefined
          ? (await this.#take(lane, head)) === "next"
          : await endings.deliver(reply);
      if (!goesOn) return;
    }
  }

  /** Takes the head of the lane to its end, once that may be. */
  async #take(lane: string, head: Head): Promise<Step> {
    const { endings, entry, slots } = this.#deps;
    const decision = await entry.decide(lane, head, this.#stops.drain);
    switch (decision.kind) {
      case "wait":
        return "wait";
      case "look again":
        return "next";
      case "give up":
        return this.#giveUp(head);
      case "tell":
        return this.#tellTrouble(head, decision.told);
      case "settle":
        await endings.settle(head.id);
        return "next";
      case "unrun": {
        const message = await this.#load(head);
        if (message === undefined) return "next";
        const now = this.#parts.clock.monotonic();
        return this.#conclude(head, message, decision.verdict, now, () => {});
      }
      case "run": {
        // A slot is given back once: at the end of the run, or of the first try to post its answer.
        let held = true;
        const free = () => {
          if (held) slots.free();
          held = false;
        };
        try {
          return await this.#run(head, free);
        } finally {
          free();
        }
      }
    }
  }

  async #run(head: Head, free: () => void): Promise<Step> {
    const { clock, store } = this.#parts;
    const { gate, keeper } = this.#deps;
    const takenAt = clock.monotonic();
    const counts = this.#options.turnLimit > 0;
    const message = await this.#load(head);
    if (message === undefined) return "next";
    const begin = () => keeper.do(() => store.journal.begin(head.id, counts));
    const child = (process: ChildProcess) => store.journal.child(head.id, process);
    const job = { message, head, begin, child };
    const { cut } = this.#stops;
    const verdict = await runMessage(this.#parts, this.#options, this.#deps, job, cut);
    gate.heed(verdict);
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
    const { store } = this.#parts;
    const { endings, keeper, patience } = this.#deps;
    const { id } = head;
    if (verdict.kind !== "again") patience.forget(id);
    switch (verdict.kind) {
      case "answered": {
        const { dead, attachments } = verdict;
        const kind = verdict.failure ? "failure" : "answer";
        const text = dead === undefined ? verdict.text : failureText(verdict.text);
        const kept = await endings.keep(head, message, kind, text, { dead, attachments });
        const done = await endings.deliver(kept.reply, { ...kept, takenAt, onPause: free });
        return done ? "next" : "wait";
      }
      case "silent":
        if (verdict.dead === undefined) await endings.settle(id);
        else await endings.bury(id, verdict.dead);
        return "next";
      case "again":
        return this.#again(head, message, verdict, free);
      case "operator": {
        await keeper.do(() => store.journal.release(id));
        if (head.told || message.isReply) return "next";
        const kept = await endings.keep(head, message, "trouble", troubleText(verdict.told));
        const done = await endings.deliver(kept.reply, { ...kept, takenAt, onPause: free });
        return done ? "next" : "wait";
      }
      case "stopped":
        await keeper.do(() => store.journal.release(id, verdict.begun));
        return "wait";
    }
  }

  /** Waits for the next try. One that does not count is no turn taken by its peer, either. */
  async #again(
    head: Head,
    message: InboundMessage,
    verdict: Extract<Verdict, { kind: "again" }>,
    free: () => void,
  ): Promise<Step> {
    const { id, attempts } = head;
    const { reason, told, counted } = verdict;
    const { store, emit, random } = this.#parts;
    const { endings, keeper, naps, patience } = this.#deps;
    const { journal } = store;
    const { maxAttempts: of, once } = this.#options;
    await keeper.do(() => (counted ? journal.again(id) : journal.release(id)));
    free();
    const attempt = counted ? attempts + 1 : patience.next(id);
    if (!counted && once && attempt >= of) {
      emit({ type: "run-left", activityId: id, reason });
      return "wait";
    }
    const mayTell = told !== undefined && !head.told && !message.isReply;
    if (mayTell && !counted && patience.isLong(id)) {
      const kept = await endings.keep(head, message, "trouble", troubleText(told));
      if (!(await endings.deliver(kept.reply, kept))) return "wait";
    }
    const inMs = retryDelay(verdict, attempt, random);
    emit({ type: "run-retry", activityId: id, attempt, of, counted, reason, inMs });
    await naps.nap(inMs, this.#stops.drain);
    return "next";
  }

  /** Too many processes died over it. */
  async #giveUp(head: Head): Promise<Step> {
    const { endings } = this.#deps;
    const reason = `the bridge ended ${head.crashes} times in the middle of its run`;
    const message = await this.#load(head);
    if (message === undefined) return "next";
    const from = senderName(message.peerId);
    const { emit } = this.#parts;
    emit({ type: "run-failed", activityId: head.id, from, attempts: head.crashes, reason });
    const text = failureText("it kept failing");
    if (message.isReply) await endings.bury(head.id, reason);
    else await endings.keep(head, message, "failure", text, { dead: reason });
    return "next";
  }

  /** While the work can't go on, the asker is told once that his message is kept. */
  async #tellTrouble(head: Head, told: string): Promise<Step> {
    const message = await this.#load(head);
    const text = troubleText(told);
    if (message !== undefined) await this.#deps.endings.keep(head, message, "trouble", text);
    return "next";
  }

  /** The message of a kept row; one that this version can't read goes to the dead letters. */
  async #load({ id }: Head): Promise<InboundMessage | undefined> {
    const { store } = this.#parts;
    const raw = await this.#deps.keeper.do(() => store.journal.row(id));
    const message = readEntered(raw, this.#options.workspaceId);
    if (message !== undefined) return message;
    const reason = "what the journal keeps of it can't be read by this version";
    this.#parts.emit({
      type: "run-failed",
      activityId: id,
      from: "unknown",
      attempts: 0,
      reason,
    });
    await this.#deps.endings.bury(id, reason);
    return undefined;
  }
}
