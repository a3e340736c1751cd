/** Which workspaces are served on this machine: what their processes wrote, and what their locks say. */
import { readdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { processIdentity } from "../../backends/process/identity.ts";
import { BRIDGES, readBridges } from "../../observe/bridge-files.ts";
import type { ProcessStatus, WorkspaceStatus } from "../../observe/status.ts";
import { codeOf, messageOf, MoleculeError } from "../../shared/errors.ts";
import { formatDuration } from "../../shared/duration.ts";
import { isWorkspaceId } from "../../shared/ids.ts";
import { parseTimestamp } from "../../shared/timestamp.ts";
import { pathsOf } from "../../store/local.ts";
import { whoHolds } from "../../store/lock.ts";

/** A process writes every 15 s, and at once where something happens. */
const SILENT_MS = 40_000;

/** A workspace that a process on this machine serves, or did when it was last heard of. */
export interface Running {
  workspaceId: string;
  /** `hung`: its process does not write any more. `unknown`: it never did. */
  state: WorkspaceStatus["state"] | "hung" | "unknown";
  /** What is wrong, the worst first. */
  troubles: readonly string[];
  /** What it told last; undefined where it told nothing. */
  status: WorkspaceStatus | undefined;
  process: ProcessStatus | undefined;
  pid: number | undefined;
  host: string | undefined;
  /** Milliseconds since 1970. */
  since: number | undefined;
}

/** All that are served with this state folder, by their ids. Rejects with a MoleculeError where it can't be read. */
export async function findRunning(folder: string, now: number): Promise<Running[]> {
  const names = await namesIn(folder);
  const files = { folder: join(folder, BRIDGES), host: hostname(), identify: processIdentity };
  const processes = await readBridges(files, now).catch((error: unknown) => {
    throw unreadable(files.folder, error);
  });
  const found = processes.flatMap((one) => one.workspaces.map((status) => told(one, status, now)));
  const known = new Set(found.filter(holdsLock).map(({ workspaceId }) => workspaceId));
  for (const name of names) {
    const [, id = ""] = /^(.+)\.holder\.json$/.exec(name) ?? [];
    if (!isWorkspaceId(id) || known.has(id)) continue;
    const running = await locked(folder, id);
    if (running !== undefined) found.push(running);
  }
  return found.sort((a, b) => compare(a.workspaceId, b.workspaceId) || rank(a) - rank(b));
}

function told(process: ProcessStatus, status: WorkspaceStatus, now: number): Running {
  const { pid, host, startedAt } = process;
  const silentMs = now - process.at;
  const hung = silentMs > SILENT_MS;
  const silent = `not heard of for ${formatDuration(Math.floor(silentMs / 1_000) * 1_000)}`;
  return {
    workspaceId: status.workspaceId,
    state: hung ? "hung" : status.state,
    troubles: hung ? [silent, ...status.troubles] : status.troubles,
    status,
    process,
    pid,
    host,
    since: startedAt,
  };
}

/** One that waits, or has ended while its process goes on, leaves the workspace to another. */
export function holdsLock({ state }: Pick<Running, "state">): boolean {
  return !["waiting", "standby", "stopped", "failed", "starting"].includes(state);
}

/** A bridge that has the workspace and writes no file. */
async function locked(folder: string, workspaceId: string): Promise<Running | undefined> {
  const { lock, holder: holderPath } = pathsOf(folder, workspaceId);
  // A lock that can't be looked at says nothing; the doctor says why.
  const held = await whoHolds(lock, holderPath).catch(() => undefined);
  if (held === undefined) return undefined;
  const { holder } = held;
  const since = parseTimestamp(holder?.since);
  return {
    workspaceId,
    state: "unknown",
    troubles: ["its process tells nothing of itself"],
    status: undefined,
    process: undefined,
    pid: holder?.pid,
    host: holder?.host,
    since: since === undefined ? undefined : Number(since / 1_000_000n),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw unreadable(folder, error);
  }
}

function unreadable(folder: string, error: unknown): MoleculeError {
  return new MoleculeError(
    `the folder ${folder} can't be read: ${codeOf(error) ?? messageOf(error)}`,
    {
      hint: "Name the folder of the bridges with --state-dir, or run this as the user that runs them.",
      cause: error,
    },
  );
}

/** What works comes first. */
function rank({ state }: Running): number {
  return ORDER.indexOf(state);
}

const ORDER: readonly Running["state"][] = [
  "connected",
  "troubled",
  "draining",
  "unknown",
  "hung",
  "starting",
  "waiting",
  "standby",
  "failed",
  "stopped",
];

function compare(a: string, b: string): number {
  return a < b ? -1 : +(a > b);
}
