/**
 * `<workspace-id>.token`: a token that the platform handed out, and which platform that was. It is sent to no
 * other. Files of earlier versions name none, and are taken as they are until a token is written anew.
 */
import type { Stats } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, MoleculeError } from "../shared/errors.ts";
import { isWorkspaceId } from "../shared/ids.ts";
import { isFor, type KeptToken, parseKept, renderKept } from "../shared/kept-token.ts";
import { readRegular, type Read } from "../shared/read-file.ts";
import { writeAtomic } from "./atomic-file.ts";
import { fileError } from "./store-error.ts";

/** Where the token of a workspace is kept. Throws a MoleculeError for what could climb out of the folder. */
export function tokenPath(folder: string, workspaceId: string): string {
  if (!isWorkspaceId(workspaceId)) throw new MoleculeError("not a workspace id");
  return join(folder, `${workspaceId}.token`);
}

/** Far more than a token has, and its address. */
const MOST_BYTES = 64 * 1024;

/**
 * The token in the file, if there is one. Rejects where others may write the file, and where something else than a
 * file is in its place: what we keep is one, and another program is not waited for.
 */
export async function readToken(path: string): Promise<KeptToken | undefined> {
  const found = await readFound(path);
  const token = parseKept(found?.text ?? "");
  if (found === undefined || token.value === "") return undefined;
  // Whoever can write it chooses as whom we speak.
  if (isForeign(found.stats)) {
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
  await refuseOthers(path, token.platform);
  await writeToken(path, token);
}

/** Removes the file, unless it holds a token for another platform. Rejects where that can't be done. */
export async function removeToken(path: string, platform: string): Promise<void> {
  // One that can't be read says of no platform that it is for it.
  const kept = await readToken(path).catch(() => undefined);
  if (kept === undefined || isFor(kept, platform)) await rm(path, { force: true });
}

/**
 * Rejects with a MoleculeError where a token is kept that is for another platform than `platform`, and where something
 * else than a file stands there.
 */
export async function refuseOthers(path: string, platform: string | undefined): Promise<void> {
  await refuseIrregular(path);
  // One that can't be read, or that others may write, is used for none.
  const kept = await readToken(path).catch(() => undefined);
  if (kept === undefined || platform === undefined || isFor(kept, platform)) return;
  throw new MoleculeError(`${path} keeps a token for ${kept.platform}, and not for ${platform}`, {
    hint: "It is left as it is: keep the other one in another place (--state-dir), or move this file away.",
  });
}

async function readFound(path: string): Promise<Read | undefined> {
  try {
    return await readRegular(path, MOST_BYTES);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    await refuseIrregular(path);
    throw fileError(`the token file ${path} can't be read`, error);
  }
}

/** Rejects where a folder, a pipe or a device stands there: never waits for its other end. */
async function refuseIrregular(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  throw new MoleculeError(`no token can be kept in ${path}: it is no regular file`, {
    hint: "A folder, a pipe or a device stands in the place of the token file: move it away.",
  });
}

/** Whether the file is another user's, or others may write it (POSIX; false where there are no modes). */
function isForeign({ uid, mode }: Stats): boolean {
  const us = process.getuid?.();
  return us !== undefined && (uid !== us || (mode & 0o022) !== 0);
}
