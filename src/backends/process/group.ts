/** The process groups of our children, so that none is left behind however we end. */

/** A child's group while it lives. On Windows there are no groups: the process tree stands in. */
export interface ProcessGroup {
  /** Of the leader, which is the child itself; the group's id too. */
  readonly pid: number;
  /** Ended by {@link killAllGroups}: how it exited then says nothing about it. */
  killed: boolean;
}

const live = new Set<ProcessGroup>();

/** Remembers the group of a child that was started with `detached`, until {@link endGroup}. */
export function trackGroup(pid: number): ProcessGroup {
  const group = { pid, killed: false };
  live.add(group);
  return group;
}

/** Asks everything in the group to end; on Windows, where nothing can be asked, ends it. */
export function askGroup(group: ProcessGroup): void {
  signalGroup(group.pid, "SIGTERM");
}

/** Ends what is left in the group, and forgets it. */
export function endGroup(group: ProcessGroup): void {
  signalGroup(group.pid, "SIGKILL");
  live.delete(group);
}

/** Ends every group at once, synchronously: for a second signal, and for a crash. Never throws. */
export function killAllGroups(): void {
  for (const group of live) {
    group.killed = true;
    signalGroup(group.pid, "SIGKILL");
  }
}

function signalGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  // `kill(-1)` means every process of the user, and `kill(-0)` our own group.
  if (!(pid > 1)) return;
  try {
    if (process.platform === "win32") {
      Bun.spawnSync(["taskkill", "/T", "/F", "/PID", String(pid)], { windowsHide: true });
    } else process.kill(-pid, signal);
  } catch {
    // Nothing is left of it (ESRCH), or it became another user's (EPERM), which we can't mend.
  }
}
