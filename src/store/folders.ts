/** The folders of a local store: `<workspace-id>.files/<activity-id>`, for their owner alone. */
import { chmod, copyFile, lstat, open, readdir, realpath, rename, rm } from "node:fs/promises";
import { constants } from "node:fs";
import { basename, join } from "node:path";
import { codeOf, MoleculeError } from "../shared/errors.ts";
import { safeFileName } from "../shared/file-name.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { makeFolder } from "./atomic-file.ts";
import { fileError } from "./store-error.ts";
import type { FolderStore, KeptFile } from "./store.ts";
import { filesBelow } from "./walk.ts";

/** What came, what it owes to the platform, what an agent leaves, and copies of what it named. */
type Part = "in" | "owed" | "out" | "copies";

export class LocalFolders implements FolderStore {
  readonly #root: string;
  #copies = 0;

  /** Touches nothing yet. */
  constructor(root: string) {
    this.#root = root;
  }

  async received(activityId: string, name: string): Promise<KeptFile | undefined> {
    return this.look(join(this.#part(activityId, "in"), checkedName(name)));
  }

  async receive(
    activityId: string,
    name: string,
    write: (sink: (chunk: Uint8Array) => Promise<void>) => Promise<unknown>,
  ): Promise<KeptFile> {
    const folder = await this.#make(activityId, "in");
    const path = join(folder, checkedName(name));
    // No safe name begins with a dot.
    const temporary = join(folder, `.${name}.part`);
    const ours = <T>(call: Promise<T>) =>
      call.catch((error: unknown) => {
        throw fileError(`the file ${path} can't be written`, error);
      });
    await ours(rm(temporary, { force: true }));
    const handle = await ours(open(temporary, "wx", 0o600));
    let size = 0;
    try {
      try {
        await write(async (chunk) => {
          for (let done = 0; done < chunk.length;) {
            done += (await ours(handle.write(chunk, done))).bytesWritten;
          }
          size += chunk.length;
        });
        await ours(handle.sync());
      } finally {
        await handle.close();
      }
      await ours(rename(temporary, path));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
    return { path, name, size };
  }

  async owe(activityId: string, fileId: string): Promise<void> {
    const path = join(await this.#make(activityId, "owed"), checkedId(fileId));
    try {
      await (await open(path, "w", 0o600)).close();
    } catch (error) {
      throw fileError(`the file ${path} can't be written`, error);
    }
  }

  async owed(activityId: string): Promise<string[]> {
    return (await namesIn(this.#part(activityId, "owed"))).filter(isWorkspaceId);
  }

  async answerFolder(activityId: string, empty: boolean): Promise<string> {
    if (empty) await removeAll(this.#part(activityId, "out"));
    const path = await this.#make(activityId, "out");
    try {
      return await realpath(path);
    } catch (error) {
      throw fileError(`the folder ${path} can't be read`, error);
    }
  }

  async answerFiles(activityId: string): Promise<KeptFile[]> {
    const folder = this.#part(activityId, "out");
    const real = await realpath(folder).catch(() => undefined);
    return real === undefined ? [] : filesBelow(real, (path) => this.look(path));
  }

  async copy(activityId: string, path: string): Promise<KeptFile> {
    const name = basename(path);
    const folder = await this.#make(activityId, "copies");
    // Those of an earlier process may be there still.
    const copy = join(folder, `${process.pid}-${this.#copies++}-${safeFileName(name)}`);
    try {
      await rm(copy, { force: true });
      await copyFile(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await chmod(copy, 0o600);
      return { path: copy, name, size: (await lstat(copy)).size };
    } catch (error) {
      await rm(copy, { force: true }).catch(() => {});
      throw fileError(`the file ${path} can't be copied`, error);
    }
  }

  async look(path: string): Promise<KeptFile | undefined> {
    try {
      const stat = await lstat(path);
      return stat.isFile() ? { path, name: basename(path), size: stat.size } : undefined;
    } catch {
      return undefined;
    }
  }

  async read(path: string): Promise<Blob | undefined> {
    const file = await this.look(path);
    return file === undefined ? undefined : Bun.file(file.path);
  }

  async has(activityId: string): Promise<boolean> {
    return (await lstat(this.#folder(activityId)).catch(() => undefined)) !== undefined;
  }

  async remove(activityId: string): Promise<void> {
    await removeAll(this.#folder(activityId));
  }

  async list(): Promise<string[]> {
    return (await namesIn(this.#root)).filter(isWorkspaceId);
  }

  #folder(activityId: string): string {
    return join(this.#root, checkedId(activityId));
  }

  #part(activityId: string, part: Part): string {
    return join(this.#folder(activityId), part);
  }

  async #make(activityId: string, part: Part): Promise<string> {
    const path = this.#part(activityId, part);
    try {
      await makeFolder(path);
    } catch (error) {
      throw fileError(`the folder ${path} can't be made`, error);
    }
    return path;
  }
}

/** An id of the platform's, as it may stand in a path. */
function checkedId(id: string): string {
  if (isWorkspaceId(id)) return id;
  throw new MoleculeError("an id of the platform's can't be a file name");
}

function checkedName(name: string): string {
  if (safeFileName(name) === name) return name;
  throw new MoleculeError("a name that was not made safe can't be a file name");
}

async function removeAll(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true }).catch(async () => {
      // What an agent made unwritable is still its owner's to remove.
      await unlock(path);
      await rm(path, { recursive: true, force: true });
    });
  } catch (error) {
    throw fileError(`the folder ${path} can't be removed`, error);
  }
}

async function unlock(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(folder, entry.name));
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw fileError(`the folder ${path} can't be read`, error);
  }
}
