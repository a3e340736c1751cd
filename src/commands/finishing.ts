/** Work that is not left halfway by a signal. */
import type { Context } from "../cli/command.ts";
import { ExitCode, MoleculeError } from "../shared/errors.ts";
import { note } from "./show.ts";
import { onStopSignals } from "./signals.ts";

/**
 * Does `work`, from a call whose answer is shown only once to where that answer is kept. A signal to stop
 * waits for its end, and rejects then with a MoleculeError (exit 130); a second one ends the program at
 * once. `why` says what would be lost, as a clause.
 */
export async function finishing<T>(
  context: Context,
  why: string,
  work: () => Promise<T>,
): Promise<T> {
  const handlers: [signal: NodeJS.Signals, handler: () => void][] = [];
  const release = () => {
    for (const [signal, handler] of handlers.splice(0)) process.off(signal, handler);
  };
  let stopped = false;
  onStopSignals(
    () => {
      stopped = true;
      note(context, `stopping once this is done, as ${why}; a second signal stops at once`);
    },
    () => {
      release();
      process.kill(process.pid, "SIGINT");
    },
    (signal, handler) => {
      handlers.push([signal, handler]);
      process.on(signal, handler);
    },
  );
  let done: T;
  try {
    done = await work();
  } finally {
    release();
  }
  if (!stopped) return done;
  throw new MoleculeError("interrupted, once what had begun was done", {
    exitCode: ExitCode.interrupted,
  });
}

/** What would be lost with the answer that holds a new token. */
export const TOKEN_ONCE = "the platform shows the token only once";
