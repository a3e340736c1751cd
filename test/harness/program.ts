import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A command for the exec backend that sh and cmd.exe alike can run: it is the TypeScript of `source`,
 * which is kept in the folder.
 */
export function program(folder: string, source: string, name = "program.ts"): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return `"${process.execPath}" "${path}"`;
}
