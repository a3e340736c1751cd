/** Finding the processes of a run: one whose bridge has died, or one that was cut. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { RUN_ID, runIdOf } from "./child-env.ts";
import { identityOf, ps, readStat, startByPs, type ProcessStat } from "./identity.ts";

/** A run as the dead bridge recorded it. */
export interface DeadRun {
  activityId: string;
  /** Of its child, which leads a process group. */
  pid: number | undefined;
  /** Of that child. A process of this number with another identity is a stranger. */
  identity: string | undefined;
}

/**
 * The ids of all living processes of these runs. Never 1 or less, this process or one that it
 * descends from, or another user's.
 */
export function processesOf(runs: readonly DeadRun[]): number[] {
  if (process.platform === "linux") return byProc(runs);
  return process.platform === "win32" ? [] : byPs(runs);
}

/**
 * The ids of all living processes with one of these entries, `NAME=value`, in the environment that they
 * were started with. Linux only: elsewhere there are none. Never those that {@link processesOf} leaves.
 */
export function processesMarked(entries: readonly string[]): number[] {
  if (process.platform !== "linux" || entries.length === 0) return [];
  const wanted = new Set(entries);
  return livePids(lineage()).filter((pid) => {
    const environ = readEnviron(pid)?.toString("latin1").split("\0") ?? [];
    return environ.some((entry) => wanted.has(entry)) && isOurs(pid);
  });
}

/**
 * By the environment of each process, which also finds what has left the group or was never
 * recorded; and by the group, for what has overwritten its environment.
 */
function byProc(runs: readonly DeadRun[]): number[] {
  const ids = new Set(runs.map((run) => runIdOf(run.activityId)));
  const groups = new Set(runs.filter((run) => leaderOf(run) === "ours").map((run) => run.pid));
  const recorded = new Set(
    runs.filter((run) => leaderOf(run) !== "stranger").map((run) => run.pid),
  );
  const own = lineage();
  const members = new Map<number, number>();
  const found = new Set<number>();
  const seen = new Set<number>();
  // What is born while we look has not been seen: look until nothing is new.
  for (let fresh = livePids(seen); fresh.length > 0; fresh = livePids(seen)) {
    for (const pid of fresh) {
      seen.add(pid);
      if (own.has(pid)) continue;
      const marked = ids.has(readRunId(pid) ?? "");
      const stat = readStat(pid);
      if (stat === undefined || isDead(stat)) continue;
      members.set(pid, stat.group);
      if (!marked) continue;
      found.add(pid);
      // A number stays taken while its group has members, so this is still the group of the run.
      if (recorded.has(stat.group)) groups.add(stat.group);
    }
  }
  for (const [pid, group] of members) if (groups.has(group)) found.add(pid);
  return [...found].filter(isOurs);
}

/** Who has the recorded number now. */
function leaderOf({ pid, identity }: DeadRun): "ours" | "stranger" | "unknown" {
  const stat = pid !== undefined && pid > 1 ? readStat(pid) : undefined;
  if (stat === undefined || identity === undefined) return "unknown";
  return identityOf(stat) === identity ? "ours" : "stranger";
}

/** This process and all that it descends from. */
function lineage(): Set<number> {
  const pids = new Set<number>();
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = readStat(pid)?.parent ?? 0) {
    pids.add(pid);
  }
  return pids.add(1);
}

function livePids(seen: ReadonlySet<number>): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1 && !seen.has(pid));
}

function isDead({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

/** The environment that a process was started with; undefined where it is gone, or another user's. */
function readEnviron(pid: number): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return undefined;
  }
}

/** The value of {@link RUN_ID} in it. */
function readRunId(pid: number): string | undefined {
  const environ = readEnviron(pid);
  if (environ === undefined) return undefined;
  for (let at = environ.indexOf(NEEDLE); at >= 0; at = environ.indexOf(NEEDLE, at + 1)) {
    if (at > 0 && environ[at - 1] !== 0) continue;
    const end = environ.indexOf(0, at);
    return environ.toString("utf8", at + NEEDLE.length, end < 0 ? environ.length : end);
  }
  return undefined;
}

const NEEDLE = Buffer.from(`${RUN_ID}=`);

/** Root can read everybody's environment, and a variable is easily copied. */
function isOurs(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/** The groups whose leader is known for sure; an environment is not to be seen. */
export function byPs(runs: readonly DeadRun[]): number[] {
  const groups = new Set(
    runs
      .filter(({ pid, identity }) => pid !== undefined && pid > 1 && identity !== undefined)
      .filter(({ pid, identity }) => startByPs(pid as number) === identity)
      .map(({ pid }) => pid),
  );
  if (groups.size === 0) return [];
  // An option for each: POSIX and macOS take what follows an "=" for the heading, commas and all.
  const rows = ps(["-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "state="])
    .split("\n")
    .map((row) => row.trim().split(/\s+/))
    .map(([pid, parent, group, state = "Z"]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      alive: !state.startsWith("Z"),
    }));
  const parents = new Map(rows.map(({ pid, parent }) => [pid, parent]));
  const own = new Set<number>();
  for (let pid = process.pid; pid > 0 && !own.has(pid); pid = parents.get(pid) ?? 0) own.add(pid);
  return rows
    .filter(({ pid, group, alive }) => alive && pid > 1 && groups.has(group) && !own.has(pid))
    .map(({ pid }) => pid);
}
