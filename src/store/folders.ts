/** The folders of a local store: `<workspace-id>.files/<activity-id>`, for their owner alone. */
import { lstat, open, readdir, realpath, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { codeOf, MoleculeError } from "../shared/errors.ts";
import { safeFileName } from "../shared/file-name.ts";
import { filesBelow } from "../shared/files-below.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { replaceFile } from "../shared/replace-file.ts";
import { makeFolder } from "./atomic-file.ts";
import { copyRegular, isBelow } from "./copy-file.ts";
import { removeOrSetAside } from "./remove-folder.ts";
import { fileError } from "./store-error.ts";
import type { Discarded, FolderStore, KeptFile } from "./store.ts";

/** All that a folder of ours takes as the name of a file; whoever names it has made it safe. */
const MAX_NAME_BYTES = 200;

/** What came, what it owes to the platform, what an agent leaves, and copies of what it named. */
const PARTS = ["in", "owed", "out", "copies"] as const;

type Part = (typeof PARTS)[number];

const PARTS_OF: Record<Discarded, readonly Part[]> = { received: ["in", "owed"], left: ["out"] };

export class LocalFolders implements FolderStore {
  readonly #root: string;

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
    // No name that is taken begins with a dot.
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
      await ours(replaceFile(temporary, path));
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
    const path = this.#part(activityId, "out");
    // A link that stands in its place would lead the files of the answer elsewhere.
    if (empty || !(await isFolder(path))) await clear(path);
    await this.#make(activityId, "out");
    try {
      return await realpath(path);
    } catch (error) {
      throw fileError(`the folder ${path} can't be read`, error);
    }
  }

  async answerFiles(activityId: string): Promise<KeptFile[]> {
    const folder = await this.#answersAt(activityId);
    const real = await realpath(folder).catch(() => undefined);
    const found: KeptFile[] = [];
    if (real !== folder) return found;
    for await (const path of filesBelow(folder)) {
      const file = await this.look(path);
      if (file !== undefined) found.push(file);
    }
    return found;
  }

  async copy(activityId: string, path: string): Promise<KeptFile> {
    const name = basename(path);
    const folder = await this.#make(activityId, "copies");
    // Those of an earlier process may be there still; of one in a container with the same number, too.
    const copy = join(folder, `${crypto.randomUUID()}-${safeFileName(name)}`);
    try {
      const answers = await this.#answersAt(activityId);
      await copyRegular(path, copy, isBelow(path, answers) ? answers : undefined);
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

  async read(activityId: string, path: string): Promise<Blob | undefined> {
    const file = await this.look(path);
    if (file === undefined) return undefined;
    // The path comes from the store, which on a shared one others may write.
    const kept = await realpath(this.#part(activityId, "copies")).catch(() => undefined);
    const real = await realpath(path).catch(() => undefined);
    if (kept === undefined || real === undefined || !isBelow(real, kept)) return undefined;
    return Bun.file(real);
  }

  async has(activityId: string, what?: Discarded): Promise<boolean> {
    const paths =
      what === undefined
        ? [this.#folder(activityId)]
        : PARTS_OF[what].map((part) => this.#part(activityId, part));
    const found = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined)));
    return found.some((stat) => stat !== undefined);
  }

  async remove(activityId: string): Promise<void> {
    await clear(this.#folder(activityId), true);
  }

  async list(): Promise<string[]> {
    return (await namesIn(this.#root)).filter(isWorkspaceId);
  }

  async changedAt(activityId: string): Promise<number | undefined> {
    const paths = [this.#folder(activityId), ...PARTS.map((part) => this.#part(activityId, part))];
    const stats = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined)));
    const times = stats.flatMap((stat) => (stat === undefined ? [] : [stat.mtimeMs]));
    return times.length === 0 ? undefined : Math.max(...times);
  }

  async bytes(activityId: string): Promise<number> {
    let bytes = 0;
    for (const part of ["in", "copies"] as const) {
      const folder = this.#part(activityId, part);
      for (const name of await namesIn(folder)) {
        bytes += (await lstat(join(folder, name)).catch(() => undefined))?.size ?? 0;
      }
    }
    return bytes;
  }

  async discard(activityId: string, what: Discarded): Promise<void> {
    for (const part of PARTS_OF[what]) await clear(this.#part(activityId, part));
  }

  /** Where the files of the answer must really lie, whatever stands at its place at the moment. */
  async #answersAt(activityId: string): Promise<string> {
    const root = await realpath(this.#root).catch(() => this.#root);
    return join(root, checkedId(activityId), "out");
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
  const isFit = name !== "" && !name.startsWith(".") && !/[/\\\0]/.test(name);
  if (isFit && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  throw new MoleculeError("a name that was not made safe can't be a file name");
}

/** Whether it is a folder itself, and no link to one. */
async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Frees the path. With `tells`, rejects where what stood there is only out of the way. */
async function clear(path: string, tells = false): Promise<void> {
  let aside: string | undefined;
  try {
    aside = await removeOrSetAside(path);
  } catch (error) {
    throw fileError(`the folder ${path} can't be removed`, error);
  }
  if (aside === undefined || !tells) return;
  throw new MoleculeError(`the folder ${path} can't be removed; it is ${aside} now`, {
    hint: "Remove it by hand: it may hold files of another user's.",
  });
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw fileError(`the folder ${path} can't be read`, error);
  }
}
