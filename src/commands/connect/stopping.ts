/** How `molecule connect` is told to stop. */
import { killAllGroups } from "../../backends/process/group.ts";
import type { Log } from "../../cli/log.ts";
import { whenAborted } from "../../shared/abortions.ts";
import { systemClock, within } from "../../shared/clock.ts";
import { ExitCode } from "../../shared/errors.ts";
import { onStopSignals } from "../signals.ts";

/** How long the bridges may take to note what was cut, once they were told to stop at once. */
const LAST_WORDS_MS = 500;

/** `drain`: what is in hand is to be finished. `now`: nothing is. */
export interface Stops {
  readonly drain: AbortSignal;
  readonly now: AbortSignal;
}

/** A first signal drains; with the second one every child is dead before anything else happens. */
export function stopOnSignals(log: Log): Stops {
  const drain = new AbortController();
  const now = new AbortController();
  onStopSignals(
    () => drain.abort(),
    () => {
      killAllGroups();
      if (!now.signal.aborted) log.warn("stopping at once", { event: "cut" });
      now.abort();
      drain.abort();
    },
  );
  return { drain: drain.signal, now: now.signal };
}

/** The exit code of the work, which is not waited for any longer than a moment after the second signal. */
export async function untilCut(work: Promise<ExitCode>, { now }: Stops): Promise<ExitCode> {
  const cut = whenAborted(now)
    .then(() => within(systemClock, LAST_WORDS_MS, work))
    .then(
      () => ExitCode.interrupted,
      () => ExitCode.interrupted,
    );
  return Promise.race([work.then((code) => (now.aborted ? cut : code)), cut]);
}
