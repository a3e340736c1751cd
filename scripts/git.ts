/** What git knows of the checkout. */
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

/** The commit as a binary names it. Seven digits, though git would take more where seven are not enough. */
export function shortCommit(): string | undefined {
  return git("rev-parse", "HEAD")?.slice(0, 7);
}
