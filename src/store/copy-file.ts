/** Copies of files that a program may change, or put something else in the place of, at this moment. */
import { constants, type BigIntStats } from "node:fs";
import { chmod, copyFile, lstat, open, realpath, rm, type FileHandle } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";

/** Windows has neither. Without the second, the open of a pipe would wait for its writer. */
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
const BLOCK_BYTES = 1024 * 1024;

/**
 * Copies the regular file, for its owner alone: no link is followed at its end and, with `within` (the
 * real path of a folder), none on the way that leads out of that folder. Leaves nothing where it fails.
 */
export async function copyRegular(from: string, to: string, within?: string): Promise<void> {
  const handle = await open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    await check(await handle.stat({ bigint: true }), from, within);
    // Nothing of an earlier process stands there, not even a link.
    await rm(to, { force: true });
    if (!(await cloned(handle, to))) await copied(handle, to);
    await chmod(to, 0o600);
  } catch (error) {
    await rm(to, { force: true }).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

/** Whether the path lies below the folder; both as they are written. */
export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !/^\.\.[\\/]/.test(way) && !isAbsolute(way);
}

/** What is open must be what the path leads to: by a link that is gone again it would be another's. */
async function check(opened: BigIntStats, path: string, within: string | undefined): Promise<void> {
  if (!opened.isFile()) throw new Error("it is no regular file");
  const real = within === undefined ? path : await realpath(path);
  if (within !== undefined && !isBelow(real, within)) throw new Error("it lies elsewhere");
  const { dev, ino } = await lstat(real, { bigint: true });
  if (dev !== opened.dev || ino !== opened.ino) throw new Error("it was replaced meanwhile");
}

/** By the open file, where the system has a path for that, so that nobody can put another there. */
async function cloned({ fd }: FileHandle, to: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
    await copyFile(`/proc/self/fd/${fd}`, to, mode);
    return true;
  } catch {
    await rm(to, { force: true });
    return false;
  }
}

async function copied(from: FileHandle, to: string): Promise<void> {
  const target = await open(to, "wx", 0o600);
  try {
    const block = new Uint8Array(BLOCK_BYTES);
    for (let at = 0; ;) {
      const { bytesRead } = await from.read(block, 0, block.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      for (let done = 0; done < bytesRead;) {
        done += (await target.write(block, done, bytesRead - done)).bytesWritten;
      }
    }
  } finally {
    await target.close();
  }
}
