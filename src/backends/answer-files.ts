/** Which of the files that a program named may go with its answer. */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { filesBelow } from "../shared/files-below.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import type { AnswerFile } from "./backend.ts";

export interface Admitted {
  /** By their real paths, each once, in the order in which they were named. */
  files: AnswerFile[];
  /** One sentence on what was left out and why; undefined where nothing was. */
  note: string | undefined;
}

/** Where a program may have left files. */
export interface AnswerFolders {
  /** In which it works. */
  cwd: string;
  /** Undefined where no file can be left for the answer. */
  answerFolder: string | undefined;
}

/**
 * Lets through the regular files that lie in `cwd` or in the answer folder once every link is followed:
 * what a stranger talked a program into naming (`/etc/passwd`) must not leave the machine. A relative
 * path counts from `cwd`. Never throws.
 */
export async function admitFiles(
  named: readonly AnswerFile[],
  folders: AnswerFolders,
  secrets: Secrets,
): Promise<Admitted> {
  if (named.length === 0) return { files: [], note: undefined };
  const roots = await rootsOf(folders);
  const files = new Map<string, AnswerFile>();
  const left: string[] = [];
  for (const file of named) {
    const found = await admit(resolve(folders.cwd, file.path), roots);
    if ("path" in found) {
      const name = file.name === undefined ? undefined : secrets.mask(file.name);
      if (!files.has(found.path)) files.set(found.path, { ...file, name, path: found.path });
    } else left.push(`${oneLine(secrets.mask(file.path), SHOWN_CHARS)} (${found.why})`);
  }
  return { files: [...files.values()], note: noteOf(left) };
}

/** Whether a program left a file in its answer folder that goes with the answer unnamed. */
export async function hasFiles(answerFolder: string | undefined): Promise<boolean> {
  if (answerFolder === undefined) return false;
  const first = await filesBelow(answerFolder).next();
  return first.done !== true;
}

const SHOWN_CHARS = 120;
const SHOWN_FILES = 3;

async function rootsOf({ cwd, answerFolder }: AnswerFolders) {
  const folders = [cwd, ...(answerFolder === undefined ? [] : [answerFolder])];
  return Promise.all(folders.map((folder) => realpath(folder).catch(() => resolve(folder))));
}

async function admit(
  path: string,
  roots: readonly string[],
): Promise<{ path: string } | { why: string }> {
  try {
    const real = await realpath(path);
    if (!roots.some((root) => isWithin(real, root))) {
      return { why: "it lies in neither its folder nor the answer folder" };
    }
    return (await stat(real)).isFile() ? { path: real } : { why: "it is no regular file" };
  } catch {
    return { why: "there is no such file, or it can't be read" };
  }
}

function isWithin(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !/^\.\.[\\/]/.test(way) && !isAbsolute(way);
}

function noteOf(left: readonly string[]): string | undefined {
  if (left.length === 0) return undefined;
  const more = left.length > SHOWN_FILES ? `, and ${left.length - SHOWN_FILES} more` : "";
  const what = left.length === 1 ? "a file that" : `${left.length} files that`;
  return `left out of the answer: ${what} the agent named: ${left.slice(0, SHOWN_FILES).join(", ")}${more}`;
}
