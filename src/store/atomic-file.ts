/**
 * Files that are whole at every instant: a reader, or a crash, sees the old contents or the new
 * ones, never a part. Written to a temporary file in the same folder, flushed, renamed over the
 * target, and the folder flushed, so that a power cut can't undo the rename either.
 */
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../shared/errors.ts";
import { isAlive } from "../shared/processes.ts";
import { replaceFile } from "../shared/replace-file.ts";

let counter = 0;

/** Replaces the file's contents, for its owner alone by default. On any failure the old file stands and nothing is left. */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${counter++}.tmp`);
  // "wx": never through a link that someone planted under this name.
  const handle = await open(temporary, "wx", mode);
  try {
    try {
      await Bun.write(temporary, data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await replaceFile(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The file's text; undefined where there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes the folder, readable by its owner alone, where it is missing. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Removes the temporary files of `path` that processes no longer alive have left. */
export async function sweepTemporary(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith(".tmp")) continue;
    const pid = Number(name.slice(prefix.length).split(".")[0]);
    if (Number.isSafeInteger(pid) && pid > 0 && !isInUse(pid)) {
      await rm(join(folder, name), { force: true });
    }
  }
}

/** Our own pid counts as gone: this runs before our first write, and containers reuse pid 1. */
function isInUse(pid: number): boolean {
  return pid !== process.pid && isAlive(pid);
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't open a folder; there a rename is on its own.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
