/** What tells a process from a later one of the same number. */
import { readFileSync } from "node:fs";

/** A line of /proc/<pid>/stat, as far as it is of use here (proc_pid_stat(5)). */
export interface ProcessStat {
  /** `Z` is a zombie: dead, and only waiting for its parent to look. */
  state: string;
  parent: number;
  group: number;
  /** In clock ticks since the machine started, as text. */
  started: string;
}

/**
 * The identity of a living process, or undefined where it is gone or the system does not tell.
 * On Linux the machine's boot and the process's start in it, which costs some microseconds; on other
 * Unix systems its start to the second by ps(1), which costs milliseconds; on Windows nothing.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === "linux") {
    const stat = readStat(pid);
    return stat && identityOf(stat);
  }
  return process.platform === "win32" ? undefined : startByPs(pid);
}

/** What {@link processIdentity} gives for a process with this line. Linux only. */
export function identityOf(stat: ProcessStat): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return `${boot}/${stat.started}`;
}

let boot: string | undefined;

/** Reads /proc/<pid>/stat; undefined when the process is gone. Linux only. */
export function readStat(pid: number): ProcessStat | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The name, in parentheses, may hold spaces and parentheses itself: fields count from its end.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group] = fields;
  const started = fields[22 - 3];
  if (state === undefined || started === undefined) return undefined;
  return { state, parent: Number(parent), group: Number(group), started };
}

/** The start time in one language and zone, whatever the environment of the next bridge says. */
export function startByPs(pid: number): string | undefined {
  const text = ps(["-o", "lstart=", "-p", String(pid)]).trim();
  return text === "" ? undefined : text;
}

/** What ps(1) prints with these arguments; empty where it fails or is missing. */
export function ps(args: string[]): string {
  try {
    const env = { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" };
    return Bun.spawnSync(["ps", ...args], { env, stderr: "ignore" }).stdout.toString();
  } catch {
    return "";
  }
}
