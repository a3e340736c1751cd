/** What the scripts need before they start: the right Bun, the packages, and the binary. */
import { join, resolve } from "node:path";
import pkg from "../package.json" with { type: "json" };

export const ROOT = resolve(import.meta.dir, "..");
export const BINARY = join(
  ROOT,
  "dist",
  process.platform === "win32" ? "molecule.exe" : "molecule",
);

/** Installs the locked packages and compiles the binary; ends the program if either fails. */
export function setUp(): void {
  installPackages();
  step("bun run build", [join(ROOT, "scripts", "build.ts")]);
}

/**
 * Installs the locked packages: without them the bundler would take those of a folder above. Ends the
 * program if that fails, or if this is another Bun than the pinned one, which can't read the lock file or
 * would end up in the binary.
 */
export function installPackages(): void {
  const pinned = pkg.packageManager.replace("bun@", "");
  if (Bun.version !== pinned) {
    const script = process.env["npm_lifecycle_event"] ?? "build";
    console.error(`this is Bun ${Bun.version}, and molecule is built with Bun ${pinned}`);
    console.error(`npx -y bun@${pinned} run ${script} fetches and uses that one`);
    process.exit(1);
  }
  step("bun install --frozen-lockfile", ["install", "--frozen-lockfile"]);
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
