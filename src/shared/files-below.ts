/** The files in a folder that a program may have filled with anything. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** What lies deeper, or comes after so many entries, was not left there for anyone to read. */
const MAX_DEPTH = 4;
const MAX_ENTRIES = 1_000;

/**
 * The paths of the regular files below the folder, those of a folder before those of its folders, each
 * in the order of names. Links are passed over, and so is what is hidden: editors and desktops leave it.
 * Nothing is thrown: what can't be read is not there.
 */
export async function* filesBelow(folder: string): AsyncGenerator<string> {
  let entries = 0;
  let level = [folder];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const at of level) {
      const inside = await readdir(at, { withFileTypes: true }).catch(() => []);
      inside.sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const entry of inside) {
        if (entry.name.startsWith(".")) continue;
        entries += 1;
        if (entries > MAX_ENTRIES) return;
        const path = join(at, entry.name);
        if (entry.isDirectory()) next.push(path);
        if (entry.isFile()) yield path;
      }
    }
    level = next;
  }
}
