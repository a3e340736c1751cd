/** What is compiled outside the checkout: an empty program, and copies of this one. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Build } from "../compile.ts";
import { git } from "../git.ts";
import { runtimePackages } from "../release/packages.ts";
import { ROOT } from "../set-up.ts";

/** A program without a line, in a folder of its own: what the runtime alone is. */
export function emptyProgram(folder: string): Pick<Build, "root" | "entry"> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "main.ts"), "");
  return { root: folder, entry: "main.ts" };
}

/** Copies what a checkout of this tree would hold, and the packages that the program is made of. */
export function copyTree(to: string): void {
  for (const name of treeFiles()) {
    const from = join(ROOT, name);
    // Deleted, and not committed yet.
    if (!existsSync(from)) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    cpSync(from, join(to, name));
  }
  // Copies, since the bundler would follow a link back to the checkout.
  for (const { name } of runtimePackages()) {
    cpSync(join(ROOT, "node_modules", name), join(to, "node_modules", name), { recursive: true });
  }
}

function treeFiles(): string[] {
  const list = git("ls-files", "-z", "--cached", "--others", "--exclude-standard");
  if (list === undefined) throw new Error("git can't list the files of this tree");
  return list.split("\0").filter((name) => name !== "");
}
