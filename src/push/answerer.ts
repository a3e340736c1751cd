/** Takes one pushed message to its end: runs it, again where nothing was done, and keeps its answer. */
import type { InboundMessage } from "../a2a/feed-row.ts";
import { buildReply, type ReplyKind } from "../a2a/reply.ts";
import { BUDGET_SPENT } from "../bridge/runs/budget.ts";
import { senderName, type Emit } from "../bridge/events.ts";
import type { Gate } from "../bridge/runs/gate.ts";
import type { MessageFiles } from "../bridge/files/message-files.ts";
import type { Naps } from "../bridge/naps.ts";
import type { BridgeOptions, BridgeParts } from "../bridge/parts.ts";
import { failureText } from "../bridge/runs/replies.ts";
import { runMessage, withoutRun, type RunDeps } from "../bridge/runs/run.ts";
import type { Verdict } from "../bridge/runs/verdict.ts";
import { fullJitter, RETRY_AFTER_MAX_MS } from "../shared/backoff.ts";
import { LATE, within } from "../shared/clock.ts";
import type { Head } from "../store/store.ts";
import { BUSY, RESTARTING, type Ending, type Refusal } from "./answers.ts";
import type { Slot } from "./desk.ts";
import type { HourlyTurns } from "./hourly-turns.ts";
import type { Notes } from "./notes.ts";
import type { Refusals } from "./refusals.ts";

const RETRY_BASE_MS = 2_000;
/** And where the backend itself is overloaded. */
const OVERLOADED_BASE_MS = 5_000;
const OVERLOADED_CAP_MS = 5 * 60_000;
/** Deaths of the process in the middle of its run after which a message is not run any more. */
const MOST_CRASHES = 5;
/** When the backend may work again, after only the operator can mend it; it is probed every minute. */
const TROUBLE_S = 60;
/**
 * How long the disk may take over what is written of a message. An answer goes out all the same; without
 * the notes of its run none is begun.
 */
export const KEEPING_MS = 10_000;

export interface AnswererDeps extends RunDeps {
  files: MessageFiles;
  gate: Gate;
  naps: Naps;
  notes: Notes;
  refusals: Refusals;
  turns: HourlyTurns;
}

export class Answerer {
  readonly #parts: BridgeParts;
  readonly #options: BridgeOptions;
  readonly #deps: AnswererDeps;
  readonly #stops: { drain: AbortSignal; cut: AbortSignal };
  /** Messages that came to their end. */
  settled = 0;

  constructor(
    parts: BridgeParts,
    options: BridgeOptions,
    deps: AnswererDeps,
    stops: { drain: AbortSignal; cut: AbortSignal },
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#deps = deps;
    this.#stops = stops;
  }

  /** The end of a message that needs no run. */
  async withoutRun(message: InboundMessage): Promise<Ending | undefined> {
    const { backend } = this.#parts;
    const head = headOf(message, { interrupted: false, crashes: 0, attempts: 0 });
    let reason = "";
    // A line for each would let a stranger fill the log.
    const emit: Emit = (event) => void (event.type === "skipped" && (reason = event.reason));
    const verdict = withoutRun({ backend, emit }, this.#options, head);
    if (verdict === undefined) return undefined;
    this.#deps.refusals.note(200, reason);
    this.settled += 1;
    return answerTo(message, verdict);
  }

  /** Runs the message in its slot. Rejects with what ends the run of the bridge. */
  async work(message: InboundMessage, slot: Slot): Promise<Ending> {
    const { clock } = this.#parts;
    const { keeper, notes } = this.#deps;
    const id = message.activityId;
    const begun = clock.monotonic();
    const before = await keeper.do(() => notes.cuts(id));
    if (before.crashes >= MOST_CRASHES) return { kind: "failed", told: failureText(OFTEN) };
    for (let attempts = 0; ;) {
      const refusal = await this.#refusal();
      if (refusal !== undefined) return refusal;
      if (!(await this.#begin(id))) return BUSY;
      slot.begun();
      const verdict = await this.#run(message, { ...before, attempts });
      if (verdict.kind !== "again") return this.#conclude(message, verdict, begun);
      if (verdict.counted) attempts += 1;
      const pause = this.#pause(message, verdict, attempts);
      if (clock.monotonic() + pause > slot.until) return BUSY;
      slot.free();
      await this.#deps.naps.nap(pause, this.#stops.drain);
      if (this.#stops.drain.aborted || !(await slot.take(this.#stops.drain))) return RESTARTING;
    }
  }

  /** Why nothing may be run at this moment; undefined where it may. */
  async #refusal(): Promise<Refusal | undefined> {
    const { budget, gate, turns } = this.#deps;
    if (await budget.isSpent()) return trouble(BUDGET_SPENT);
    // It closes when only the operator can help, and lets one through a minute to see.
    if (!gate.enter()) return trouble(gate.trouble?.told ?? "the agent can't work");
    let over = false;
    const inMs = await this.#soon(async () => (over ? undefined : turns.take()));
    over = true;
    if (inMs === LATE) return BUSY;
    return inMs === undefined ? undefined : tooMany(inMs);
  }

  /** Whether it could be written down that the message runs: a crash must find it. */
  async #begin(id: string): Promise<boolean> {
    const { notes } = this.#deps;
    if ((await this.#soon(notes.begin(id))) !== LATE) return true;
    notes.drop(id);
    return false;
  }

  /** The write is tried until it succeeds, but nobody waits for that longer than for this. */
  #soon<T>(write: () => Promise<T>): Promise<T | typeof LATE> {
    return within(this.#parts.clock, KEEPING_MS, this.#deps.keeper.do(write));
  }

  async #run(message: InboundMessage, state: RunState): Promise<Verdict> {
    const { gate, notes } = this.#deps;
    const { cut } = this.#stops;
    // That it runs is written down already: where it could not be, nothing is run.
    const job = { message, head: headOf(message, state), begin: async () => {} };
    const verdict = await runMessage(this.#parts, this.#options, this.#deps, job, cut);
    if (verdict.kind === "operator") gate.close(verdict);
    else if (verdict.kind !== "stopped" && verdict.kind !== "again") gate.open();
    const stopped = verdict.kind === "stopped" && verdict.begun;
    // An answer is kept before the run counts as ended: to die in between must not lose it.
    if (verdict.kind === "answered" && verdict.dead === undefined) {
      await this.#keep(message, verdict.failure ? "failure" : "answer", verdict.text);
    } else if (verdict.kind === "silent" && verdict.dead === undefined) {
      await this.#keep(message, "answer", NOTED);
    }
    const end = { cut: stopped, before: state.interrupted };
    await this.#soon(notes.end(message.activityId, end));
    return verdict;
  }

  async #conclude(message: InboundMessage, verdict: Verdict, begun: number): Promise<Ending> {
    const { clock, emit } = this.#parts;
    const { activityId } = message;
    if (verdict.kind === "operator") return trouble(verdict.told);
    if (verdict.kind === "stopped" || verdict.kind === "again") return RESTARTING;
    this.settled += 1;
    this.#deps.patience.forget(activityId);
    await this.#deps.files.release(activityId);
    if (verdict.dead !== undefined) {
      const told = verdict.kind === "answered" ? verdict.text : OFTEN;
      return { kind: "failed", told: failureText(told) };
    }
    const kind = verdict.kind === "answered" && verdict.failure ? "failure" : "answer";
    const to = senderName(undefined, "unknown");
    emit({
      type: "answered",
      activityId,
      to,
      ms: clock.monotonic() - begun,
      kind,
      note: undefined,
    });
    return answerTo(message, verdict);
  }

  /** So that a repeat gets the same answer, after a restart as well. */
  async #keep(message: InboundMessage, kind: ReplyKind, text: string): Promise<void> {
    const answer = compose(message, kind, text);
    await this.#soon(() => this.#deps.notes.keepAnswer(message.activityId, answer));
  }

  /** How long until the next try, which is told. */
  #pause(message: InboundMessage, verdict: Verdict & { kind: "again" }, attempts: number): number {
    const { emit, random } = this.#parts;
    const { reason, counted } = verdict;
    const { activityId } = message;
    const attempt = counted ? attempts : this.#deps.patience.next(activityId);
    const jitter = counted
      ? fullJitter(attempt, random, RETRY_BASE_MS)
      : fullJitter(attempt, random, OVERLOADED_BASE_MS, OVERLOADED_CAP_MS);
    const inMs = Math.min(verdict.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS) + jitter;
    const of = this.#options.maxAttempts;
    emit({ type: "run-retry", activityId, attempt, of, counted, reason, inMs });
    return inMs;
  }
}

/** Said to an answer to us, whose sender waits for a word as well. */
const NOTED = "Noted.";
const OFTEN = "it kept failing";

interface RunState {
  interrupted: boolean;
  crashes: number;
  /** Runs that ended with nothing done. */
  attempts: number;
}

function headOf(message: InboundMessage, state: RunState): Head {
  return {
    ...state,
    id: message.activityId,
    generation: 0,
    told: false,
    isReply: message.isReply,
    isEmpty: message.text === "",
    reply: undefined,
  };
}

/** What its sender gets; to an answer to us that is a word as well. */
function answerTo(message: InboundMessage, verdict: Verdict): Ending {
  const answered = verdict.kind === "answered" ? verdict : { failure: false, text: NOTED };
  const kind = answered.failure ? "failure" : "answer";
  return { kind: "answer", message: compose(message, kind, answered.text) };
}

function compose(message: InboundMessage, kind: ReplyKind, text: string) {
  return buildReply(message, text, kind).params.message;
}

function tooMany(inMs: number): Refusal {
  const error = "the agent has been asked too often within an hour";
  return { kind: "refused", status: 429, error, retryAfterS: Math.ceil(inMs / 1_000) };
}

function trouble(told: string): Refusal {
  const error = `the agent can't answer now: ${told}`;
  return { kind: "refused", status: 503, error, retryAfterS: TROUBLE_S, mark: "busy" };
}
