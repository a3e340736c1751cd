/**
 * Compiles the binary of the system that this runs on to dist/molecule, also where a release offers
 * none; with names of targets, or `all`, those of a release to dist/<target>/. The flags are those that .goreleaser.yaml restates (a test compares them).
 */
import { join, relative } from "node:path";
import pkg from "../package.json" with { type: "json" };
import { NAME } from "../src/project.ts";
import { compile, type Stamp } from "./compile.ts";
import { shortCommit } from "./git.ts";
import { finish } from "./release/finish.ts";
import { findTarget, hostTarget, type Target, TARGETS } from "./release/targets.ts";
import { BINARY, installPackages, ROOT } from "./set-up.ts";

const stamp: Stamp = { version: pkg.version, commit: shortCommit() ?? "unknown" };
const host = hostTarget();

installPackages();
try {
  const names = process.argv.slice(2);
  const wanted = names.flatMap((name) => (name === "all" ? TARGETS : [named(name)]));
  if (names.length === 0) build(host, BINARY);
  for (const target of wanted) build(target, join(ROOT, "dist", target.name, fileName(target)));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function build(target: Target | undefined, outfile: string): void {
  compile({
    root: ROOT,
    entry: "src/main.ts",
    outfile,
    stamp,
    // The host's runtime is the Bun that runs this; those of others are fetched.
    ...(target === undefined || target === host ? {} : { target: `bun-${target.name}` }),
  });
  console.log(`${relative(ROOT, outfile)}: ${finish(outfile, target, stamp)}`);
}

function named(name: string): Target {
  const target = findTarget(name);
  if (target !== undefined) return target;
  throw new Error(
    `there is no target "${name}": known are all, ${TARGETS.map(({ name }) => name).join(", ")}`,
  );
}

function fileName({ format }: Target): string {
  return format === "pe" ? `${NAME}.exe` : NAME;
}
