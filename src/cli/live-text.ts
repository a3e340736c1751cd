/** A text in the last row of the terminal that changes as time goes by. */
import { systemClock } from "../shared/clock.ts";
import { oneLine } from "../shared/text.ts";
import { cut } from "./columns.ts";
import { standardError } from "./standard-error.ts";
import { columnsOf, isTerminal } from "./terminal.ts";
import type { Stage } from "./waiting.ts";

/** What ends sooner was no wait. */
const FIRST_MS = 400;
const TURN_MS = 120;

/** How long an erased row may take to get out before a signal takes its course. */
const LAST_WORDS_MS = 200;

/** The text after so many milliseconds, at its so manieth turn. */
export type Draw = (ms: number, turn: number) => string;

/**
 * Shown from a while after its making until its end. Never where standard error is no terminal or a
 * dumb one, in CI, or with --verbose: there it would be noise.
 */
export class LiveText {
  readonly #over = new AbortController();
  readonly #stage: Stage;
  readonly #draw: Draw;
  readonly #seen: boolean;
  readonly #onSignal = (signal: NodeJS.Signals) => void this.#yield(signal);

  constructor(stage: Stage, draw: Draw) {
    this.#stage = stage;
    this.#draw = draw;
    this.#seen = isSeen(stage);
    if (this.#seen) void this.#run();
  }

  /** Erases it. Free to be called twice. */
  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(ENDED);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    if (this.#seen) this.#stage.io.live?.show("");
  }

  async #run(): Promise<void> {
    const { io, env, clock = systemClock } = this.#stage;
    const { signal } = this.#over;
    const start = clock.monotonic();
    await clock.sleep(FIRST_MS, signal);
    if (signal.aborted) return;
    for (const name of SIGNALS) process.on(name, this.#onSignal);
    const width = (columnsOf(2, env) ?? 80) - 1;
    for (let turn = 0; !signal.aborted; turn++) {
      const text = oneLine(this.#draw(clock.monotonic() - start, turn), width * 4);
      io.live?.show(cut(text, width));
      await clock.sleep(TURN_MS, signal);
    }
  }

  /** Lets a signal do what it would have done without us. */
  async #yield(signal: NodeJS.Signals): Promise<void> {
    this.end();
    if (process.listenerCount(signal) > 0) return;
    await standardError.flush(LAST_WORDS_MS);
    process.kill(process.pid, signal);
  }
}

/** A hang-up is none of them: the terminal is gone then. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** A reason of its own: the default one is an error with a stack. */
const ENDED = Symbol("ended");

/** Whether anybody would see it, and would want to. */
export function isSeen({ io, env, verbose, terminal = () => isTerminal(2) }: Stage): boolean {
  return io.live !== undefined && !verbose && !env["CI"] && env["TERM"] !== "dumb" && terminal();
}
