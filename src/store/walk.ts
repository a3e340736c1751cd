/** The files that a program left in a folder, which it may have filled with anything. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { KeptFile } from "./store.ts";

/** What lies deeper, or comes after so many entries, was not left there for anyone to read. */
const MAX_DEPTH = 4;
const MAX_ENTRIES = 1_000;

/**
 * The regular files below the folder, those of a folder before those of its folders, each in the order
 * of names. Links are passed over, and so is what is hidden: editors and desktops leave it.
 */
export async function filesBelow(
  folder: string,
  look: (path: string) => Promise<KeptFile | undefined>,
): Promise<KeptFile[]> {
  const found: KeptFile[] = [];
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
        if (entries > MAX_ENTRIES) return found;
        const path = join(at, entry.name);
        if (entry.isDirectory()) next.push(path);
        const file = entry.isFile() ? await look(path) : undefined;
        if (file !== undefined) found.push(file);
      }
    }
    level = next;
  }
  return found;
}
