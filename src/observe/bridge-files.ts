/** The files in which processes tell of themselves, as another process finds them. */
import { lstat, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../shared/errors.ts";
import { isAlive } from "../shared/processes.ts";
import { parseProcessStatus } from "./parse-status.ts";
import type { ProcessStatus } from "./status.ts";

/** Where they lie in the folder that keeps the state of bridges: not itself a name of a workspace's file. */
export const BRIDGES = "bridges";

/** A larger one is none of ours. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Whether a process of another machine lives can't be known: after so long it counts as gone, in ms. */
const FORGOTTEN_MS = 86_400_000;

export interface BridgeFiles {
  /** That of the files. */
  folder: string;
  /** What this machine is called. */
  host: string;
  /** What tells a process from a later one of its number; undefined where the system does not know. */
  identify(pid: number): string | undefined;
}

/** The processes that have not ended, by their numbers. What is no file of theirs is passed over. */
export async function readBridges(files: BridgeFiles, now: number): Promise<ProcessStatus[]> {
  const found: ProcessStatus[] = [];
  for (const { path, pid, isWhole } of await list(files.folder)) {
    const status = isWhole ? await read(path) : undefined;
    if (status !== undefined && status.pid === pid && !isGone(status, files, now)) {
      found.push(status);
    }
  }
  return found;
}

/** Removes what dead processes have left. Rejects with the system's error. */
export async function sweepBridges(files: BridgeFiles, now: number): Promise<void> {
  for (const { path, pid, isWhole } of await list(files.folder)) {
    // Ours are those of an earlier process of this number: containers begin with the same one.
    const status = isWhole && pid !== process.pid ? await read(path) : undefined;
    const gone =
      status === undefined ? pid === process.pid || !isAlive(pid) : isGone(status, files, now);
    if (gone) await rm(path, { force: true });
  }
}

function isGone({ pid, identity, host, at }: ProcessStatus, files: BridgeFiles, now: number) {
  if (host !== files.host) return now - at > FORGOTTEN_MS;
  if (!isAlive(pid)) return true;
  const known = files.identify(pid);
  return identity !== undefined && known !== undefined && known !== identity;
}

async function list(folder: string): Promise<{ path: string; pid: number; isWhole: boolean }[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
  return names
    .flatMap((name) => {
      const [, dot, digits] = /^(\.?)([1-9]\d{0,9})\.json(?:\.tmp)?$/.exec(name) ?? [];
      const isWhole = dot === "" && !name.endsWith(".tmp");
      return digits === undefined
        ? []
        : [{ path: join(folder, name), pid: Number(digits), isWhole }];
    })
    .sort((a, b) => a.pid - b.pid);
}

async function read(path: string): Promise<ProcessStatus | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > MAX_BYTES) return undefined;
    return parseProcessStatus(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
