/** One message through a chat model: recall, ask, remember. */
import { formatDuration } from "../../shared/duration.ts";
import { messageOf } from "../../shared/errors.ts";
import type { GiveUp, KeyedLock } from "../../shared/keyed-lock.ts";
import type { BackendParts, BackendRequest, Outcome } from "../backend.ts";
import * as history from "./history.ts";
import type { Turn } from "./history.ts";
import { conversationOf } from "../conversation.ts";
import { callHttp, type HttpResult } from "../http-call.ts";
import { Limit } from "../http-limit.ts";
import {
  type ChatFailure,
  isForbidden,
  isNoModel,
  isTooLong,
  outcomeOfFailure,
  outcomeOfNoModel,
  outcomeOfUnfit,
} from "./failure.ts";
import { listModels, type ModelList } from "./models.ts";
import { judgeAnswer, type Judged } from "./outcome.ts";
import { type Asked, askedOf, chatBody } from "./request.ts";
import { endpoint, type OpenaiSettings } from "./settings.ts";
import type { Standing } from "../standing.ts";

/** Bytes of a body beyond those of the longest answer: what the server tells about it. */
const EXTRA_BYTES = 1024 * 1024;
/** Bytes of JSON for one of text, and as much again for thoughts that are not shown. */
const JSON_FACTOR = 4;

interface Recalled {
  turns: Turn[];
  /** There was more, and the model is not shown it. */
  forgotten: boolean;
  /** Not so where the memory failed: it may hold all of it still, and must not be written over. */
  isLegible: boolean;
}

export class OpenaiRun {
  readonly #settings: OpenaiSettings;
  readonly #parts: BackendParts;
  readonly #request: BackendRequest;
  readonly #signal: AbortSignal;
  readonly #standing: Standing;

  constructor(
    settings: OpenaiSettings,
    parts: BackendParts,
    request: BackendRequest,
    signal: AbortSignal,
    standing: Standing,
  ) {
    this.#settings = settings;
    this.#parts = parts;
    this.#request = request;
    this.#signal = signal;
    this.#standing = standing;
  }

  /** Runs the message, one at a time in a conversation that is remembered. Never throws. */
  async outcome(lock: KeyedLock): Promise<Outcome> {
    if (this.#settings.history.turns === 0) return (await this.#ask([], false)).judged.outcome;
    const key = conversationOf(this.#request);
    const stopped: GiveUp<Outcome> = { signal: this.#signal, value: { kind: "stopped" } };
    return lock.run(key, () => this.#converse(key), stopped);
  }

  async #converse(key: string): Promise<Outcome> {
    const { turns, forgotten, isLegible } = await this.#recall(key);
    const { judged, asked, sent } = await this.#ask(turns, forgotten);
    if (judged.answer === undefined || !isLegible) return judged.outcome;
    const turn = { id: this.#request.activityId, user: asked.remembered, assistant: judged.answer };
    const kept = history.withTurn(sent, turn, this.#settings.history);
    try {
      await this.#parts.memory.remember(key, history.writeHistory(kept));
    } catch (error) {
      this.#note(`the conversation could not be remembered: ${messageOf(error)}`);
    }
    return judged.outcome;
  }

  /** What was said before, less this very message. */
  async #recall(key: string): Promise<Recalled> {
    let entry: string | undefined;
    try {
      entry = await this.#parts.memory.recall(key);
    } catch (error) {
      this.#note(`the conversation could not be recalled: ${messageOf(error)}`);
      return { turns: [], forgotten: true, isLegible: false };
    }
    if (entry === undefined) return { turns: [], forgotten: false, isLegible: true };
    const kept = history.readHistory(entry);
    if (kept === undefined) {
      this.#note("what was remembered of the conversation is damaged; it begins anew");
      return { turns: [], forgotten: true, isLegible: true };
    }
    const others = history.without(kept, this.#request.activityId);
    const turns = history.fitHistory(others, this.#settings.history);
    return { turns, forgotten: false, isLegible: true };
  }

  /** `sent`: the turns with which the model answered. */
  async #ask(turns: Turn[], forgotten: boolean) {
    const asked = await askedOf(this.#request, this.#settings, forgotten);
    using limit = new Limit(this.#parts.clock, this.#settings.timeoutMs, this.#signal);
    const { result, sent } = await this.#send(turns, asked, limit.signal);
    const judged = await this.#judge(result, limit);
    return { judged, asked, sent };
  }

  /** Once more with the newer half of what was said before, where all of it is too much. */
  async #send(turns: Turn[], asked: Asked, signal: AbortSignal) {
    const result = await this.#post(chatBody(this.#settings, turns, asked), signal);
    if (turns.length === 0 || result.kind !== "answered" || !isTooLong(result)) {
      return { result, sent: turns };
    }
    const sent = history.newerHalf(turns);
    this.#note("the conversation is too long for the model: its older half is left out");
    return { result: await this.#post(chatBody(this.#settings, sent, asked), signal), sent };
  }

  #post(body: string, signal: AbortSignal) {
    const { headers, maxAnswer } = this.#settings;
    const { traceparent } = this.#request;
    const call = {
      method: "POST" as const,
      url: endpoint(this.#settings, "chat/completions"),
      headers: {
        ...headers,
        accept: "application/json",
        "content-type": "application/json",
        traceparent,
      },
      body,
      maxBytes: maxAnswer * JSON_FACTOR + EXTRA_BYTES,
    };
    return callHttp(call, signal, this.#parts);
  }

  async #judge(result: HttpResult, limit: Limit): Promise<Judged> {
    if (result.kind === "ended") {
      return { outcome: limit.expired ? this.#timeout() : { kind: "stopped" } };
    }
    const judged =
      result.kind === "answered" && result.status === 200
        ? judgeAnswer(result, this.#request.attempt, this.#settings, this.#parts.secrets)
        : { failure: result };
    if (!("failure" in judged)) {
      if (judged.answer !== undefined) this.#standing.good = true;
      return judged;
    }
    const outcome = await this.#failure(judged.failure, limit.signal);
    // What was asked after the failure may have been cut short.
    const isStopped = limit.signal.aborted && !limit.expired;
    return { outcome: isStopped ? { kind: "stopped" } : outcome };
  }

  async #failure(failure: ChatFailure, signal: AbortSignal): Promise<Outcome> {
    const { secrets } = this.#parts;
    const list = () => listModels(this.#settings, this.#parts, signal);
    if (failure.kind === "answered" && isNoModel(failure, this.#settings.model)) {
      const found = await list();
      return outcomeOfNoModel(this.#settings, found.kind === "models" ? found.names : []);
    }
    if (failure.kind === "answered" && isForbidden(failure) && this.#isAdmitted(await list())) {
      return outcomeOfUnfit(failure, secrets);
    }
    return outcomeOfFailure(failure, this.#settings, secrets);
  }

  /**
   * Whether a 403 is about the message, which must not stop all others: the key is good where there is
   * no message in the way, or, where that can't be seen, was good before.
   */
  #isAdmitted(list: ModelList): boolean {
    if (list.kind === "models") return true;
    const says = list.kind === "unknown" && list.status !== 401 && list.status !== 403;
    return says && this.#standing.good;
  }

  #timeout(): Outcome {
    const limit = formatDuration(this.#settings.timeoutMs);
    return {
      kind: "failed",
      reason: `the model had not answered after ${limit}; --backend-opt timeout=… gives it longer`,
      told: `the agent did not finish within ${limit}`,
    };
  }

  #note(text: string): void {
    this.#parts.onNote(this.#parts.secrets.mask(text), this.#request.activityId);
  }
}
