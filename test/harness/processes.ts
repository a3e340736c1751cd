/** What a process has started: found again by a variable in its environment, or told by its ids. */
import { readdirSync, readFileSync } from "node:fs";
import { LINUX } from "./platform.ts";
import { lookUntil } from "./wait.ts";

/**
 * The ids of the live processes that have the text in their environment. Only Linux shows it: elsewhere
 * nothing is found, so a test that is about this needs `onLinux`.
 */
export function marked(mark: string): number[] {
  if (!LINUX) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && readProc(name, "environ").includes(mark))
    .map(Number);
}

/**
 * Resolves once that many processes beside `except` have the text in their environment. One that is
 * just starting has none for a moment.
 */
export async function untilSeen(mark: string, count: number, except?: number): Promise<void> {
  if (!LINUX) return;
  const seen = () => marked(mark).filter((pid) => pid !== except).length;
  await lookUntil(
    () => seen() >= count,
    () => `${seen()} processes instead of ${count}`,
  );
}

/**
 * Resolves once exactly that many processes have the text in their environment, and each has become the
 * program of that name: a `setsid PROGRAM` has left its group by then, and is not there twice.
 */
export async function untilRunning(mark: string, name: string, count: number): Promise<void> {
  if (!LINUX) return;
  const seen = () => marked(mark).map((pid) => readProc(pid, "comm").trim());
  const isThere = (names: string[]) => names.length === count && names.every((n) => n === name);
  await lookUntil(
    () => isThere(seen()),
    () => `${seen()} instead of ${count} × ${name}`,
  );
}

/** Resolves once no process but `except` has the text in its environment: a kill is not instant. */
export async function untilGone(mark: string, except?: number): Promise<void> {
  const left = () => marked(mark).filter((pid) => pid !== except);
  await lookUntil(
    () => left().length === 0,
    () => `left behind: ${left().map(described).join(", ")}`,
  );
}

/**
 * Whether the process runs, on every system. One that has ended and only waits to be fetched by its
 * parent does not: nobody fetches an orphan where the first process of a container is none that does.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !/^State:\s*[ZX]/m.test(readProc(pid, "status"));
}

/** Resolves once none of these processes runs: a kill is not instant. */
export async function untilDead(pids: readonly number[]): Promise<void> {
  const left = () => pids.filter(isAlive);
  await lookUntil(
    () => left().length === 0,
    () => `left behind: ${left().map(described).join(", ")}`,
  );
}

/** The most memory that the process ever held, in bytes; undefined where the system does not tell. */
export function peakMemory(pid: number): number | undefined {
  const kib = /^VmHWM:\s*(\d+) kB$/m.exec(readProc(pid, "status"))?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function described(pid: number): string {
  return `${pid} (${readProc(pid, "cmdline").replaceAll("\0", " ")})`;
}

/** Empty when the process is gone, or another user's. */
function readProc(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
