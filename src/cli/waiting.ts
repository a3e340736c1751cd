/** What a person at a terminal sees while a command works: that it does, for how long, and how far it is. */
import type { Clock } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { LiveText } from "./live-text.ts";
import type { Env } from "./command.ts";
import type { Io } from "./output.ts";

/** Where it is shown. Nothing is where it would be in the way: see {@link LiveText}. */
export interface Stage {
  readonly io: Io;
  readonly env: Env;
  /** Lines are told one after the other then: nothing is shown beside them. */
  readonly verbose: boolean;
  readonly clock?: Clock;
  /** Whether standard error is a terminal. */
  readonly terminal?: () => boolean;
}

/**
 * Does `work`. If that takes a while, its text ("waiting for the answer") is shown with the time that
 * has passed, and erased at the end, whatever that is.
 */
export async function waiting<T>(text: string, work: () => Promise<T>, stage: Stage): Promise<T> {
  const live = new LiveText(stage, (ms, turn) => `${spinner(turn)} ${text} (${seconds(ms)})`);
  try {
    return await work();
  } finally {
    live.end();
  }
}

/** A bar that fills up. To be ended in any case: `using` does. */
export interface Progress extends Disposable {
  /** Counts one more as done, or `n`. */
  step(n?: number): void;
  end(): void;
}

/** Shows how many of `total` are done, under a text such as "sending". */
export function progress(total: number, text: string, stage: Stage): Progress {
  let done = 0;
  const live = new LiveText(stage, (ms) => {
    const part = total === 0 ? 1 : Math.min(done / total, 1);
    return `${text} [${"#".repeat(Math.floor(part * BAR)).padEnd(BAR, ".")}] ${done}/${total} (${seconds(ms)})`;
  });
  const end = () => live.end();
  return { step: (n = 1) => void (done += n), end, [Symbol.dispose]: end };
}

const BAR = 24;

/** Plain characters: not every terminal and font has others. */
const SPINNER = ["|", "/", "-", "\\"];

function spinner(turn: number): string {
  return SPINNER[turn % SPINNER.length] ?? "";
}

/** Whole seconds: a figure that runs faster draws the eye. */
function seconds(ms: number): string {
  return formatDuration(Math.floor(ms / 1_000) * 1_000).replace("0 ms", "0 s");
}
