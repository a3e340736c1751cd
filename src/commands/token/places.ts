/** Where tokens are kept: the state folder, and files that the operator names. */
import { lstat, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LATE, systemClock, within } from "../../shared/clock.ts";
import { codeOf, MoleculeError, messageOf } from "../../shared/errors.ts";
import { parseKept } from "../../shared/kept-token.ts";
import { makeFolder, writeAtomic } from "../../store/atomic-file.ts";
import { fileError } from "../../store/store-error.ts";

/** Far more than any token has. */
const MOST_BYTES = 4_096;

/** A disk that has not taken a token for so long holds up nothing else. */
const PATIENCE_MS = 15_000;

/** The end of a file's writing. Rejects where that is not done in time: a token that is shown once must be shown then. */
export async function inTime<T>(path: string, work: Promise<T>, ms = PATIENCE_MS): Promise<T> {
  const done = await within(systemClock, ms, work);
  if (done !== LATE) return done;
  throw new MoleculeError(`the token file ${path} was not written within ${ms / 1000} s`, {
    hint: "The disk, or the network it lies on, does not answer.",
  });
}

/** Makes the state folder where it is missing, and sees that files can be made in it. */
export async function makePlace(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await probe(folder);
  } catch (error) {
    throw fileError(`the folder ${folder} can't be written to`, error);
  }
}

/** Writes a token to a file that must not be there; without a token only looks whether it could. */
export async function newFile(path: string, token?: string): Promise<void> {
  await told(path, async () => {
    if (token === undefined) {
      if ((await lstat(path).catch(unlessMissing)) !== undefined) throw taken(path);
      return probe(dirname(path));
    }
    const handle = await open(path, "wx", 0o600);
    try {
      await handle.writeFile(`${token}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/**
 * Writes a token in the place of the one in the file, or to a new file; without a token only looks whether it
 * could. A link stays one.
 */
export async function replaced(path: string, token?: string): Promise<void> {
  await told(path, async () => {
    const there = await realpath(path).catch(unlessMissing);
    if (there === undefined) return newFile(path, token);
    if (token !== undefined) return writeAtomic(there, `${token}\n`);
    if (!(await holdsToken(there))) throw stranger(path);
    await probe(dirname(there));
  });
}

/** Whether all that the file holds may be a token, or nothing. */
async function holdsToken(path: string): Promise<boolean> {
  const { size, isFile } = await stat(path).then((found) => ({
    size: found.size,
    isFile: found.isFile(),
  }));
  if (!isFile || size > MOST_BYTES) return false;
  return /^[\x21-\x7e]*$/.test(parseKept(await readFile(path, "utf8")).value);
}

/**
 * Makes a file in the folder and takes it away again: rights alone don't tell, and a disk that is full still
 * takes a file without contents.
 */
async function probe(folder: string): Promise<void> {
  const path = join(folder, `.molecule-${process.pid}-${crypto.randomUUID()}.tmp`);
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(Buffer.alloc(MOST_BYTES));
    await handle.sync();
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
}

async function told(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof MoleculeError) throw error;
    if (codeOf(error) === "EEXIST") throw taken(path);
    throw new MoleculeError(
      `the token file ${path} can't be written (${codeOf(error) ?? messageOf(error)})`,
      { hint: "Name a file in a folder that is there, and that you may write to.", cause: error },
    );
  }
}

function taken(path: string): MoleculeError {
  return new MoleculeError(`the file ${path} is there already`, {
    hint: `A new token is not written over it: give another name than ${basename(path)}.`,
  });
}

function stranger(path: string): MoleculeError {
  return new MoleculeError(`the file ${path} holds something else than a token`, {
    hint: "It is left as it is: give another name, or the file that a bridge reads its token from.",
  });
}

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}
