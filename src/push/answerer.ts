/** Takes one pushed message to its end: runs it, again where nothing was done, and keeps its answer. */
import type { InboundMessage } from "../a2a/feed-row.ts";
import { buildReply } from "../a2a/reply.ts";
import { BUDGET_SPENT } from "../bridge/runs/budget.ts";
import { senderName } from "../bridge/events.ts";
import type { Gate } from "../bridge/runs/gate.ts";
import type { MessageFiles } from "../bridge/files/message-files.ts";
import type { Naps } from "../bridge/naps.ts";
import type { BridgeOptions, BridgeParts } from "../bridge/parts.ts";
import { MOST_CRASHES, retryDelay } from "../bridge/runs/patience.ts";
import { failureText } from "../bridge/runs/replies.ts";
import { runMessage, withoutRun, type Job, type RunDeps } from "../bridge/runs/run.ts";
import { runTrace } from "../bridge/runs/trace.ts";
import type { Verdict } from "../bridge/runs/verdict.ts";
import { LATE, within } from "../shared/clock.ts";
import type { Head } from "../store/store.ts";
import { BUSY, RESTARTING, tooMany, trouble, type Ending, type Refusal } from "./answers.ts";
import type { Slot } from "./desk.ts";
import type { HourlyTurns, Turn } from "./hourly-turns.ts";
import type { Notes } from "./notes.ts";
import type { Refusals } from "./refusals.ts";

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
    const head = headOf(message, { interrupted: false, crashes: 0, attempts: 0 });
    const unrun = withoutRun(this.#parts.backend, this.#options, head);
    if (unrun === undefined) return undefined;
    // A line for each would let a stranger fill the log.
    this.#deps.refusals.note(200, unrun.reason);
    this.settled += 1;
    return endOf(message, head, unrun.verdict).ending;
  }

  /** Runs the message in its slot. Rejects with what ends the run of the bridge. */
  async work(message: InboundMessage, slot: Slot): Promise<Ending> {
    const { keeper, notes, turns, patience } = this.#deps;
    const id = message.activityId;
    const before = await keeper.do(() => notes.cuts(id));
    if (before.crashes >= MOST_CRASHES) return { kind: "failed", told: failureText(OFTEN) };
    const turn = turns.turn();
    try {
      return await this.#try(message, slot, before, turn);
    } finally {
      // Also where it may be sent again: strangers choose the ids, and a request has an end of its own.
      patience.forget(id);
      await within(this.#parts.clock, KEEPING_MS, turn.end());
    }
  }

  /** A try that does not count takes no further turn. */
  async #try(
    message: InboundMessage,
    slot: Slot,
    before: Omit<RunState, "attempts">,
    turn: Turn,
  ): Promise<Ending> {
    const { clock } = this.#parts;
    const { drain } = this.#stops;
    const begun = clock.monotonic();
    for (let attempts = 0; ;) {
      const refusal = await this.#refusal(turn);
      if (refusal !== undefined) return refusal;
      if (!(await this.#begin(message.activityId))) return BUSY;
      slot.begun();
      const { verdict, end } = await this.#run(message, { ...before, attempts });
      if (isCounted(verdict)) turn.spend();
      if (verdict.kind !== "again") return this.#conclude(message, end, begun);
      if (verdict.counted) attempts += 1;
      const pause = this.#pause(message, verdict, attempts);
      if (clock.monotonic() + pause > slot.until) return BUSY;
      slot.free();
      await this.#deps.naps.nap(pause, drain);
      if (drain.aborted || !(await slot.take(drain))) return RESTARTING;
    }
  }

  /** Why nothing may be run at this moment; undefined where it may. */
  async #refusal(turn: Turn): Promise<Refusal | undefined> {
    const { budget, gate } = this.#deps;
    if (await budget.isSpent()) return trouble(BUDGET_SPENT);
    // It closes when only the operator can help, and lets one through a minute to see.
    if (!gate.enter()) return trouble(gate.trouble?.told ?? "the agent can't work");
    const inMs = await this.#soon(() => turn.take());
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

  async #run(message: InboundMessage, state: RunState): Promise<{ verdict: Verdict; end: End }> {
    const { gate, notes } = this.#deps;
    const { activityId } = message;
    const head = headOf(message, state);
    const job: Job = {
      message,
      head,
      // That it runs is written down already: where it could not be, nothing is run.
      begin: async () => {},
      child: (process) => notes.child(activityId, process),
    };
    const verdict = await runMessage(this.#parts, this.#options, this.#deps, job, this.#stops.cut);
    gate.heed(verdict);
    const end = endOf(message, head, verdict);
    const { ending } = end;
    // An answer is kept before the run counts as ended: to die in between must not lose it.
    if (ending.kind === "answer") {
      await this.#soon(() => notes.keepAnswer(activityId, ending.message));
    }
    const cut = verdict.kind === "stopped" && verdict.begun;
    await this.#soon(notes.end(activityId, { cut, before: state.interrupted }));
    return { verdict, end };
  }

  async #conclude(
    { activityId }: InboundMessage,
    { ending, isFailure }: End,
    begun: number,
  ): Promise<Ending> {
    const { clock, emit } = this.#parts;
    if (ending.kind === "refused") return ending;
    this.settled += 1;
    await this.#deps.files.release(activityId);
    if (ending.kind === "failed") return ending;
    const to = senderName(undefined, "unknown");
    const ms = clock.monotonic() - begun;
    const kind = isFailure ? "failure" : "answer";
    emit({ type: "answered", activityId, to, ms, kind, note: undefined });
    return ending;
  }

  /** How long until the next try, which is told. */
  #pause(message: InboundMessage, verdict: Verdict & { kind: "again" }, attempts: number): number {
    const { emit, random } = this.#parts;
    const { reason, counted } = verdict;
    const { activityId } = message;
    const attempt = counted ? attempts : this.#deps.patience.next(activityId);
    const inMs = retryDelay(verdict, attempt, random);
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

/** Whether it was one of the runs that an hour has: as in poll mode, what did nothing is none. */
function isCounted(verdict: Verdict): boolean {
  if (verdict.kind === "again") return verdict.counted;
  return verdict.kind !== "operator" && verdict.kind !== "stopped";
}

/** What a verdict is to the sender. */
interface End {
  ending: Ending;
  /** It ends the message, and not well. */
  isFailure: boolean;
}

function endOf(message: InboundMessage, head: Head, verdict: Verdict): End {
  switch (verdict.kind) {
    case "operator":
      return { ending: trouble(verdict.told), isFailure: false };
    case "again":
    case "stopped":
      return { ending: RESTARTING, isFailure: false };
    case "answered":
    case "silent": {
      const text = verdict.kind === "answered" ? verdict.text : undefined;
      if (verdict.dead !== undefined) {
        return { ending: { kind: "failed", told: failureText(text ?? OFTEN) }, isFailure: true };
      }
      const isFailure = verdict.kind === "answered" && verdict.failure;
      const { traceparent } = runTrace(message, head);
      const kind = isFailure ? "failure" : "answer";
      const reply = buildReply({ ...message, traceparent }, text ?? NOTED, kind);
      return { ending: { kind: "answer", message: reply.params.message }, isFailure };
    }
  }
}
