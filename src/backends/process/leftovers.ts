/** Ends what the runs of a dead bridge have left behind, before their messages are run again. */
import type { Clock } from "../../shared/clock.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { type DeadRun, processesOf } from "./table.ts";

/** How long it may take until all are gone, in milliseconds: a killed process ends when the kernel lets it. */
const LIMIT_MS = 10_000;

/** The pause before another look at those that were killed, in milliseconds. */
const PAUSE_MS = 10;

/**
 * Kills every process of these runs, and gives their number once they are really gone.
 *
 * On Linux they are found by `MOLECULE_RUN_ID` in their environment, wherever they are, and by the
 * recorded process group; on other Unix systems by the group alone, if its leader is still the one
 * that was recorded; on Windows not at all. Strangers under a recorded number are left alone.
 *
 * Rejects with a MoleculeError that names those that still live after 10 s.
 */
export async function endLeftovers(
  runs: readonly DeadRun[],
  clock: Clock,
  find: (runs: readonly DeadRun[]) => number[] = processesOf,
): Promise<number> {
  if (runs.length === 0) return 0;
  const killed = new Set<number>();
  const started = clock.monotonic();
  for (let quiet = 0; ;) {
    const found = find(runs);
    const fresh = found.filter((pid) => !killed.has(pid));
    // While it becomes another program, a process shows no environment: one look is not enough.
    quiet = found.length === 0 ? quiet + 1 : 0;
    if (quiet === 2) return killed.size;
    if (clock.monotonic() - started > LIMIT_MS) throw stillThere(found);
    for (const pid of found) {
      killed.add(pid);
      kill(pid);
    }
    // What was found just now may have forked: then each moment counts.
    await clock.sleep(fresh.length > 0 ? 0 : PAUSE_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone (ESRCH), or not ours any more (EPERM): the next look tells.
  }
}

function stillThere(pids: readonly number[]): MoleculeError {
  const these = pids.length === 1 ? `process ${pids[0]}` : `processes ${pids.join(", ")}`;
  return new MoleculeError(
    `what an earlier bridge had started could not be ended within ${LIMIT_MS / 1000} s: ${these}`,
    {
      hint: "end them by hand, then start again; to run a message beside its own earlier run could do its work twice",
    },
  );
}
