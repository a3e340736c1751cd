/** `<workspace-id>.token`: a token that the platform handed out at registration. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MoleculeError } from "../shared/errors.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { readIfThere, writeAtomic } from "./atomic-file.ts";
import { fileError } from "./store-error.ts";

/** Where the token of a workspace is kept. Throws a MoleculeError for what could climb out of the folder. */
export function tokenPath(folder: string, workspaceId: string): string {
  if (!isWorkspaceId(workspaceId)) throw new MoleculeError("not a workspace id");
  return join(folder, `${workspaceId}.token`);
}

/** The token in the file, if there is one. Rejects where others may write the file. */
export async function readToken(path: string): Promise<string | undefined> {
  const token = (await readText(path))?.trim() || undefined;
  // Whoever can write it chooses as whom we speak.
  if (token !== undefined && (await isForeign(path))) {
    throw new MoleculeError(`the token file ${path} can be written by others`, {
      hint: "Remove it, or make it yours alone (chmod 600); then start again.",
    });
  }
  return token;
}

/** Puts the token in the place of the one before. */
export async function writeToken(path: string, token: string): Promise<void> {
  try {
    await writeAtomic(path, `${token}\n`);
  } catch (error) {
    throw fileError(`the token file ${path} can't be written`, error);
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readIfThere(path);
  } catch (error) {
    throw fileError(`the file ${path} can't be read`, error);
  }
}

/** Whether the file is another user's, or others may write it (POSIX; false where there are no modes). */
async function isForeign(path: string): Promise<boolean> {
  const us = process.getuid?.();
  if (us === undefined) return false;
  const { uid, mode } = await stat(path);
  return uid !== us || (mode & 0o022) !== 0;
}
