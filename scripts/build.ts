/**
 * Compiles the host's binary to dist/molecule, with the flags that .goreleaser.yaml restates (a test
 * compares them), and runs it once: an exit status of 0 from the bundler proves nothing.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import pkg from "../package.json" with { type: "json" };
import { COMPILE_FLAGS, defines } from "./compile-flags.ts";

const root = resolve(import.meta.dir, "..");
const outfile = join(root, "dist", process.platform === "win32" ? "molecule.exe" : "molecule");
const commit = gitCommit() ?? "unknown";

mkdirSync(join(root, "dist"), { recursive: true });
const build = Bun.spawnSync(
  [
    process.execPath,
    "build",
    ...COMPILE_FLAGS,
    ...defines(pkg.version, commit),
    "src/main.ts",
    "--outfile",
    outfile,
  ],
  { cwd: root, stdout: "pipe", stderr: "inherit" },
);
if (build.exitCode !== 0) {
  console.error(build.stdout.toString());
  process.exit(1);
}

// The binary holds its source map; those beside it are left over.
for (const name of readdirSync(join(root, "dist"))) {
  if (name.endsWith(".map")) rmSync(join(root, "dist", name));
}

const smoke = Bun.spawnSync([outfile, "--version"], { stdout: "pipe", stderr: "inherit", env: {} });
const printed = smoke.stdout.toString().trim();
const expected = `molecule ${pkg.version} (${commit})`;
if (smoke.exitCode !== 0 || printed !== expected) {
  console.error(`the binary does not run: exit ${smoke.exitCode}, printed "${printed}"`);
  process.exit(1);
}
console.log(`${outfile}: ${printed}, ${(Bun.file(outfile).size / 1e6).toFixed(1)} MB`);

/** Undefined outside a checkout, or without git. */
function gitCommit(): string | undefined {
  try {
    const git = Bun.spawnSync(["git", "rev-parse", "--short=7", "HEAD"], { cwd: root });
    return git.exitCode === 0 ? git.stdout.toString().trim() : undefined;
  } catch {
    return undefined;
  }
}
