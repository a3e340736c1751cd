import { statSync } from "node:fs";
import { resolve } from "node:path";
import { MoleculeError } from "../../shared/errors.ts";

/** Whether there is a folder at the path. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Throws a MoleculeError unless a backend's `cwd` is unset or a folder. */
export function requireFolder(backend: string, cwd: string | undefined): void {
  if (cwd === undefined || isFolder(cwd)) return;
  throw new MoleculeError(
    `the folder ${resolve(cwd)}, in which the ${backend} backend is to run, does not exist or is no folder`,
    { hint: "create it, or change --backend-opt cwd=… (a leading ~ is for the shell to expand)" },
  );
}
