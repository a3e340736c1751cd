/**
 * `<workspace-id>.token`: a token that the platform handed out, and which platform that was. It is sent to no
 * other. Files of earlier versions name none, and are taken as they are until a token is written anew.
 */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { MoleculeError } from "../shared/errors.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { isFor, type KeptToken, parseKept, renderKept } from "../shared/kept-token.ts";
import { readIfThere, writeAtomic } from "./atomic-file.ts";
import { fileError } from "./store-error.ts";

/** Where the token of a workspace is kept. Throws a MoleculeError for what could climb out of the folder. */
export function tokenPath(folder: string, workspaceId: string): string {
  if (!isWorkspaceId(workspaceId)) throw new MoleculeError("not a workspace id");
  return join(folder, `${workspaceId}.token`);
}

/** The token in the file, if there is one. Rejects where others may write the file. */
export async function readToken(path: string): Promise<KeptToken | undefined> {
  const token = parseKept((await readText(path)) ?? "");
  if (token.value === "") return undefined;
  // Whoever can write it chooses as whom we speak.
  if (await isForeign(path)) {
    throw new MoleculeError(`the token file ${path} can be written by others`, {
      hint: "Remove it, or make it yours alone (chmod 600); then start again.",
    });
  }
  return token;
}

/** Puts the token in the place of the one before. */
async function writeToken(path: string, token: KeptToken): Promise<void> {
  try {
    await writeAtomic(path, renderKept(token));
  } catch (error) {
    throw fileError(`the token file ${path} can't be written`, error);
  }
}

/**
 * The same, but rejects with a MoleculeError where a token for another platform is kept: whoever answers at an
 * address must not end what another one handed out.
 */
export async function replaceToken(path: string, token: KeptToken): Promise<void> {
  await refuseOthers(path, token.origin);
  await writeToken(path, token);
}

/** Removes the file, unless it holds a token for another platform. Rejects where that can't be done. */
export async function removeToken(path: string, origin: string): Promise<void> {
  // One that can't be read says of no platform that it is for it.
  const kept = await readToken(path).catch(() => undefined);
  if (kept === undefined || isFor(kept, origin)) await rm(path, { force: true });
}

/** Rejects with a MoleculeError where a token is kept that is for another platform than `origin`. */
export async function refuseOthers(path: string, origin: string | undefined): Promise<void> {
  // One that can't be read, or that others may write, is used for none.
  const kept = await readToken(path).catch(() => undefined);
  if (kept === undefined || origin === undefined || isFor(kept, origin)) return;
  throw new MoleculeError(`${path} keeps a token for ${kept.origin}, and not for ${origin}`, {
    hint: "It is left as it is: keep the other one in another place (--state-dir), or move this file away.",
  });
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
