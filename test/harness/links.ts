import { lstatSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Guarded, onlyWhere, WINDOWS } from "./platform.ts";
import { tmpFolder } from "./tmp.ts";

/** Where this user may make symbolic links: on Windows that is a right of its own. */
export function onLinks(): Guarded {
  return onlyWhere(!WINDOWS || tryLink(), "this user may make no symbolic links");
}

function tryLink(): boolean {
  using folder = tmpFolder();
  const link = join(folder.path, "link");
  try {
    writeFileSync(join(folder.path, "file"), "");
    symlinkSync(join(folder.path, "file"), link);
    return lstatSync(link).isSymbolicLink() && readdirSync(folder.path).includes("link");
  } catch {
    return false;
  }
}
