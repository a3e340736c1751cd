/** A service's file: whose it is, how it is written and removed. */
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Standing, standingOf } from "../../service/seal.ts";
import { codeOf, messageOf, MoleculeError } from "../../shared/errors.ts";
import { readRegularBytes } from "../../shared/read-file.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { writeAtomic } from "../../store/atomic-file.ts";

/** Far more than a service's file of ours can have. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Whose the file is; undefined where there is none. Never waits for another program: what is no regular file, or is
 * too large, is foreign. Rejects with a MoleculeError where it can't be read.
 */
export async function lookAt(path: string): Promise<{ standing: Standing } | undefined> {
  let bytes: Buffer;
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size > MOST_BYTES) return { standing: "foreign" };
    ({ bytes } = await readRegularBytes(path, MOST_BYTES));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw fault(path, "read", error);
  }
  // The Task Scheduler's form begins with its byte order mark.
  const text = bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf16le" : "utf8");
  return { standing: standingOf(text) };
}

/** Rejects with a MoleculeError where the file is not as this tool has written it, unless it is forced. */
export async function refuseTheirs(path: string, force: boolean, to: "replace" | "remove") {
  const found = await lookAt(path);
  if (found === undefined || found.standing === "ours" || force) return;
  const why =
    found.standing === "changed"
      ? "was changed since it was written"
      : "was not written by this tool";
  throw new MoleculeError(`${path} ${why}`, {
    hint: `Look at it, and ${to} it by --force if nothing in it is needed.`,
  });
}

/** Puts the file in place, whole, for all to read: there is no secret in it. */
export async function writeServiceFile(path: string, data: string | Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeAtomic(path, data, 0o644);
  } catch (error) {
    throw fault(path, "written", error);
  }
}

/** Removes the file. Rejects with a MoleculeError. */
export async function removeServiceFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw fault(path, "removed", error);
  }
}

function fault(path: string, done: string, cause: unknown): MoleculeError {
  const denied = ["EACCES", "EPERM"].includes(codeOf(cause) ?? "");
  return new MoleculeError(`${shellWord(path)} can't be ${done}: ${messageOf(cause)}`, {
    hint: denied
      ? "A service of the system is the administrator's to manage: use sudo."
      : undefined,
    cause,
  });
}
