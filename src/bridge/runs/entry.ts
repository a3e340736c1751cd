/** What is decided of a lane's oldest message before it is run: whether, and when it may begin. */
import type { Head } from "../../store/store.ts";
import type { Admittance, Refusal } from "./admittance.ts";
import { BUDGET_SPENT, type Budget } from "./budget.ts";
import type { Gate } from "./gate.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import { MOST_CRASHES } from "./patience.ts";
import { OWN_WORDS } from "./replies.ts";
import { withoutRun } from "./run.ts";
import type { Slots } from "./slots.ts";
import type { Turns } from "./turns.ts";
import type { Verdict } from "./verdict.ts";

export type Decision =
  /** It may begin: a slot is taken for it. */
  | { kind: "run" }
  /** It is not run, and this becomes of it. */
  | { kind: "unrun"; verdict: Verdict }
  /** It is settled without a word. */
  | { kind: "settle" }
  /** Too many processes died over it. */
  | { kind: "give up" }
  /** Its asker is to be told that it must wait, and why; then it is decided anew. */
  | { kind: "tell"; told: string }
  /** Something has changed meanwhile: it is decided anew. */
  | { kind: "look again" }
  /** The lane may not go on now. */
  | { kind: "wait" };

export interface EntryDeps {
  admittance: Admittance;
  budget: Budget;
  gate: Gate;
  slots: Slots;
  turns: Turns;
}

export class Entry {
  readonly #parts: Pick<BridgeParts, "backend" | "emit">;
  readonly #options: Pick<BridgeOptions, "onReply">;
  readonly #deps: EntryDeps;

  constructor(
    parts: Pick<BridgeParts, "backend" | "emit">,
    options: Pick<BridgeOptions, "onReply">,
    deps: EntryDeps,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#deps = deps;
  }

  /** Decides, and waits for its turn, the next day's budget, the backend and a slot. */
  async decide(lane: string, head: Head, drain: AbortSignal): Promise<Decision> {
    const { admittance, budget, gate, slots, turns } = this.#deps;
    const refusal = admittance.refuse(lane, head);
    if (refusal !== undefined) return refused(refusal);
    if (head.crashes >= MOST_CRASHES) return { kind: "give up" };
    const unrun = withoutRun(this.#parts.backend, this.#options, head);
    if (unrun !== undefined) {
      const { verdict, reason } = unrun;
      this.#parts.emit({ type: "skipped", activityId: head.id, reason, routine: false });
      return { kind: "unrun", verdict };
    }
    if (!(await turns.wait(lane, drain))) return { kind: "wait" };
    // Once for each message, and an answer to us is never answered.
    const tells = !head.told && !head.isReply;
    if (await budget.isSpent()) {
      if (tells) return { kind: "tell", told: BUDGET_SPENT };
      if (!(await budget.wait(drain))) return { kind: "wait" };
    }
    if (gate.trouble !== undefined && tells) return { kind: "tell", told: gate.trouble.told };
    await gate.wait(drain);
    if (!(await slots.take(drain))) return { kind: "wait" };
    // Another run may have spent the rest meanwhile, or have closed the gate, or gone through to see.
    const mayBegin = !(await budget.isSpent()) && gate.enter();
    if (mayBegin) return { kind: "run" };
    slots.free();
    return { kind: "look again" };
  }
}

function refused(refusal: Refusal): Decision {
  if (refusal === "silent") return { kind: "settle" };
  const text = OWN_WORDS.refused;
  return { kind: "unrun", verdict: { kind: "answered", text, failure: true, dead: undefined } };
}
