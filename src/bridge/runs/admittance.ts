/** Who may ask: the others' messages are not run, and said so once in a while (`--allow-from`). */
import type { Clock } from "../../shared/clock.ts";
import { Throttle } from "../../shared/throttle.ts";
import type { Head } from "../../store/store.ts";
import { senderName, type Emit } from "../events.ts";
import type { AllowFrom } from "../parts.ts";

/** A peer is told at most so often. */
const HOUR_MS = 3_600_000;
/** Refused peers that are remembered; one beyond that is told again. */
const MOST_PEERS = 10_000;

export class Admittance {
  readonly #emit: Emit;
  readonly #allow: AllowFrom;
  readonly #told: Throttle;

  constructor({ clock, emit }: { clock: Clock; emit: Emit }, allow: AllowFrom) {
    this.#emit = emit;
    this.#allow = allow;
    this.#told = new Throttle(clock, HOUR_MS, MOST_PEERS);
  }

  /**
   * How the message is refused, and emits that it is; undefined where it may be run. `tell`: the asker
   * gets a word. The canvas always does, since it shows that we are at work until it hears from us
   * (contract 2.5). An answer to us never does.
   */
  refuse(lane: string, { id, isReply }: Pick<Head, "id" | "isReply">): Refusal | undefined {
    if (mayAsk(this.#allow, lane)) return undefined;
    const told = !isReply && (lane === "" || this.#told.due(lane) !== undefined);
    this.#emit({ type: "refused", activityId: id, from: senderName(lane), told });
    return told ? "tell" : "silent";
  }
}

export type Refusal = "tell" | "silent";

/** Whether messages of this lane are run; `unknown`: the platform does not say who sent it. */
export function mayAsk({ canvas, peers }: AllowFrom, lane: string, unknown = false): boolean {
  if (unknown) return canvas && peers === "all";
  if (lane === "") return canvas;
  return peers === "all" || peers.has(lane.toLowerCase());
}
