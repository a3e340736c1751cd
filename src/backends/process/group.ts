/** The process groups of our children, so that none is left behind however we end. */
import { atEnd } from "../../shared/last-acts.ts";
import { maySignal } from "../../shared/processes.ts";
import { processesMarked } from "./table.ts";

/** A child's group while it lives. On Windows there are no groups: the process tree stands in. */
export interface ProcessGroup {
  /** Of the leader, which is the child itself; the group's id too. */
  readonly pid: number;
  /** `NAME=value` in the environment of the child, and of no other child of anybody's. */
  readonly mark: string | undefined;
  /** Ended by {@link killAllGroups}: how it exited then says nothing about it. */
  killed: boolean;
}

const live = new Set<ProcessGroup>();
// The end of the program need not know of groups, nor load what looks for them where none was started.
atEnd(killAllGroups);

/** Remembers the group of a child that was started with `detached`, until {@link endGroup}. */
export function trackGroup(pid: number, mark?: string): ProcessGroup {
  const group = { pid, mark, killed: false };
  live.add(group);
  return group;
}

/** Asks everything in the group to end; on Windows, where nothing can be asked, ends it. */
export function askGroup(group: ProcessGroup): void {
  signalGroup(group.pid, "SIGTERM");
}

/**
 * Ends what is left in the group, and forgets it. Where its work was `cut`, also what has made itself a
 * session of its own, by its mark (Linux): an agent's shell does, and goes on with what nobody waits for.
 * Otherwise that lives on: a command may start something on purpose that is to outlive it.
 */
export function endGroup(group: ProcessGroup, cut = false): void {
  signalGroup(group.pid, "SIGKILL");
  if (cut) killMarked([group]);
  live.delete(group);
}

/** Ends every group at once, synchronously: for a second signal, and for a crash. Never throws. */
export function killAllGroups(): void {
  for (const group of live) {
    group.killed = true;
    signalGroup(group.pid, "SIGKILL");
  }
  killMarked([...live]);
}

/** As often as this for what is born while we look: it can't go on for ever in a handler of signals. */
const LOOKS_MAX = 10;

/** Costs some milliseconds: it looks at all processes of the machine. */
function killMarked(groups: readonly ProcessGroup[]): void {
  const marks = groups.flatMap(({ mark }) => (mark === undefined ? [] : [mark]));
  if (marks.length === 0) return;
  const killed = new Set<number>();
  // While it becomes another program, a process shows no environment: one look is not enough.
  for (let looks = 0, quiet = 0; looks < LOOKS_MAX && quiet < 2; looks++) {
    const fresh = look(marks).filter((pid) => !killed.has(pid));
    quiet = fresh.length === 0 ? quiet + 1 : 0;
    for (const pid of fresh) {
      killed.add(pid);
      kill(pid);
    }
  }
}

function look(marks: readonly string[]): number[] {
  try {
    return processesMarked(marks);
  } catch {
    return [];
  }
}

function signalGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  // `kill(-1)` means every process of the user, and `kill(-0)` our own group.
  if (!(pid > 1)) return;
  if (process.platform !== "win32") return kill(-pid, signal);
  // Nothing is found below one that has ended, and to look takes a tenth of a second. A process of
  // another user has got the number anew: an administrator's taskkill would end it with all below it.
  if (!maySignal(pid)) return;
  try {
    const end = ["taskkill", "/T", "/F", "/PID", String(pid)];
    if (Bun.spawnSync(end, { windowsHide: true }).success) return;
  } catch {
    // It is not on the PATH.
  }
  kill(pid);
}

function kill(pid: number, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Nothing is left of it (ESRCH), or it became another user's (EPERM), which we can't mend.
  }
}
