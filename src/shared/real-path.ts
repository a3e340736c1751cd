import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** The path without links, whether or not the file itself is there. Never throws. */
export function realPath(path: string): string {
  const whole = resolve(path);
  for (const [head, tail] of [
    [whole, ""],
    [dirname(whole), basename(whole)],
  ] as const) {
    try {
      return join(realpathSync(head), tail);
    } catch {
      // Perhaps its folder is there.
    }
  }
  return whole;
}
