/** What git knows of the checkout. */
import { realpathSync } from "node:fs";
import { ROOT } from "./set-up.ts";

/** What git prints, or undefined outside a checkout or without git. */
export function git(...args: string[]): string | undefined {
  try {
    const { exitCode, stdout } = Bun.spawnSync(["git", ...args], { cwd: ROOT, stderr: "ignore" });
    return exitCode === 0 ? stdout.toString() : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The commit as a binary names it; undefined where the sources lie in another project's checkout. Seven
 * digits, though git would take more where seven are not enough.
 */
export function shortCommit(): string | undefined {
  const [folder, commit] = git("rev-parse", "--show-toplevel", "HEAD")?.split("\n") ?? [];
  if (folder === undefined || realpathSync(folder) !== realpathSync(ROOT)) return undefined;
  return commit?.slice(0, 7);
}
