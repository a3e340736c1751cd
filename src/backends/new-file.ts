/** A file of ours in a folder that an agent may have filled with anything. */
import { open, unlink } from "node:fs/promises";
import { extname, join } from "node:path";
import { codeOf } from "../shared/errors.ts";

const MOST_TRIES = 1000;

/**
 * Writes a file that was not there, readable by its owner alone, and gives its path: under the name,
 * which is fit for a folder already, or one with a number where that is taken. Never over or through
 * something that is there: the agent may have put a link. Rejects with the system's error where it
 * can't be written whole, and leaves nothing of it then.
 */
export async function writeNew(
  folder: string,
  name: string,
  content: Uint8Array | string,
): Promise<string> {
  const end = extname(name);
  const stem = name.slice(0, name.length - end.length);
  for (let tried = 1; ; tried++) {
    const path = join(folder, tried === 1 ? name : `${stem}-${tried}${end}`);
    try {
      await writeWhole(path, content);
      return path;
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || tried >= MOST_TRIES) throw error;
    }
  }
}

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(content);
  } catch (error) {
    // A disk that is full leaves half of it.
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}
