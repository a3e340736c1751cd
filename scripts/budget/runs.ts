/** Runs of short programs, and what they cost. */
import { readFileSync } from "node:fs";
import { median } from "../bench/measurement.ts";

export interface Run {
  wallMs: number;
  /** Of all its threads. Hardly changes with what else the machine does, as the time on the wall does. */
  cpuMs: number;
}

/** Not counted: they bring the files into memory. */
const WARM_UP = 2;

/**
 * Runs each of the commands `rounds` times, in turns, so that what else the machine does falls on all
 * alike. Gives the runs of each, in the order of the commands. Throws where a command fails.
 */
export function interleave(commands: readonly string[][], rounds: number): Run[][] {
  const runs = commands.map((): Run[] => []);
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [at, command] of commands.entries()) {
      const run = runOnce(command);
      if (round >= 0) runs[at]?.push(run);
    }
  }
  return runs;
}

function runOnce(command: string[]): Run {
  const began = Bun.nanoseconds();
  const { exitCode, resourceUsage } = Bun.spawnSync(command, QUIET);
  const wallMs = (Bun.nanoseconds() - began) / 1e6;
  requireSuccess(command, exitCode);
  // Windows counts it in steps of 16 ms.
  const counted = process.platform !== "win32" && resourceUsage !== undefined;
  return { wallMs, cpuMs: counted ? Number(resourceUsage.cpuTime.total) / 1e3 : wallMs };
}

/**
 * How many times more of something a program takes than the one beside it: the middle of all pairs,
 * so a slow phase of the machine falls on both. NaN where a pair is not whole.
 */
export function pairedRatio(
  own: readonly Run[],
  beside: readonly Run[],
  figure: keyof Run,
): number {
  return median(own.map((run, round) => run[figure] / (beside[round]?.[figure] ?? Number.NaN)));
}

/** The most memory that a run of the command held at a time, in bytes: the highest of `rounds` runs. */
export async function peakMemory(command: string[], rounds: number): Promise<number> {
  let peak = 0;
  for (let round = 0; round < rounds; round++) {
    const child = Bun.spawn(command, QUIET);
    // Before anything is awaited: it lives for some milliseconds only.
    if (process.platform === "linux") peak = Math.max(peak, watch(child.pid));
    requireSuccess(command, await child.exited);
    if (process.platform !== "linux") {
      peak = Math.max(peak, Number(child.resourceUsage()?.maxRSS ?? 0));
    }
  }
  return peak;
}

/**
 * The last that the system tells of the peak before the process is gone. What it counts for the parent
 * afterwards (getrusage(2), ru_maxrss) begins with the parent's own, which is more than such a program has.
 */
function watch(pid: number): number {
  for (let peak = 0; ;) {
    let status = "";
    try {
      status = readFileSync(`/proc/${pid}/status`, "utf8");
    } catch {}
    const kib = /VmHWM:\s+(\d+)/.exec(status)?.[1];
    if (kib === undefined) return peak;
    peak = Number(kib) * 1024;
  }
}

function requireSuccess(command: readonly string[], exitCode: number | null): void {
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with exit code ${exitCode}`);
}

const QUIET = { env: {}, stdin: "ignore", stdout: "ignore", stderr: "inherit" } as const;
