/** What the demo and the tests need before they start: the packages, and the binary. */
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dir, "..");
export const BINARY = join(
  ROOT,
  "dist",
  process.platform === "win32" ? "molecule.exe" : "molecule",
);

/** Installs the locked packages and compiles the binary; ends the program if either fails. */
export function setUp(): void {
  step("bun install --frozen-lockfile", ["install", "--frozen-lockfile", "--silent"]);
  step("bun run build", [join(ROOT, "scripts", "build.ts")]);
}

function step(name: string, args: string[]): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...args], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
  });
  if (exitCode === 0) return;
  console.error(`${name} failed:\n${stdout}${stderr}`);
  process.exit(1);
}
