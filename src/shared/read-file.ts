/** Reads of files at paths where something else may stand: a pipe, a device, a folder, or far too much. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { LATE, systemClock, within } from "./clock.ts";

/** What was read, and whose it is: of the very file, not of what stands there a moment later. */
export interface Read {
  readonly text: string;
  readonly stats: Stats;
}

/** Windows has none. Without it, the open of a pipe would wait for its writer. */
const { O_RDONLY, O_NONBLOCK = 0 } = constants;

/**
 * The whole text of a regular file of at most `most` bytes, also by a link. Never waits for another program: rejects
 * for anything else than a file, for a larger one, and as the file system does.
 */
export async function readRegular(path: string, most: number): Promise<Read> {
  const { bytes, stats } = await readRegularBytes(path, most);
  return { text: bytes.toString("utf8"), stats };
}

/** The same for what need not be UTF-8. */
export async function readRegularBytes(
  path: string,
  most: number,
): Promise<{ readonly bytes: Buffer; readonly stats: Stats }> {
  const handle = await open(path, O_RDONLY | O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error("it is no regular file");
    const bytes = await readUpTo(handle, most);
    if (bytes === undefined) throw new Error(`it has more than ${most} bytes`);
    return { bytes, stats };
  } finally {
    await handle.close();
  }
}

/**
 * The whole text of what may also be a pipe that another program writes to: LATE where that has no end for so many
 * milliseconds, undefined where there is more than `most` bytes. Rejects as the file system does.
 */
export function readPatiently(
  path: string,
  most: number,
  patienceMs: number,
): Promise<string | typeof LATE | undefined> {
  return within(systemClock, patienceMs, readHead(path, most));
}

async function readHead(path: string, most: number): Promise<string | undefined> {
  const handle = await open(path, "r");
  try {
    return (await readUpTo(handle, most))?.toString("utf8");
  } finally {
    await handle.close();
  }
}

const BLOCK_BYTES = 64 * 1024;

/** Up to the limit; undefined for more. */
async function readUpTo(handle: FileHandle, most: number): Promise<Buffer | undefined> {
  const blocks: Buffer[] = [];
  for (let length = 0; length <= most;) {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    const { bytesRead } = await handle.read(block, 0, block.length, null);
    if (bytesRead === 0) return Buffer.concat(blocks);
    blocks.push(block.subarray(0, bytesRead));
    length += bytesRead;
  }
  return undefined;
}
