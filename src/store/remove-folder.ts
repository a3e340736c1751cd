/** Removing folders that a program may have done anything to. */
import { chmod, lstat, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Removes what stands at the path, if anything, with all that is in it. What can't be removed (another
 * user's files: a container's root left them) is renamed, so that it is in nobody's way. Gives its new
 * path then; rejects where not even that is possible.
 */
export async function removeOrSetAside(path: string): Promise<string | undefined> {
  try {
    await removeAll(path);
    return undefined;
  } catch (error) {
    // In the same folder: to move a folder of another's elsewhere takes a right to that folder itself.
    const aside = join(dirname(path), `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}`);
    await rename(path, aside).catch(() => {
      throw error;
    });
    return aside;
  }
}

async function removeAll(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    // What an agent made unwritable is still its owner's to remove.
    await unlock(path);
    await rm(path, { recursive: true, force: true });
  });
}

async function unlock(folder: string): Promise<void> {
  // The mode of a link is that of what it leads to.
  if (!(await lstat(folder)).isDirectory()) return;
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(folder, entry.name));
  }
}
