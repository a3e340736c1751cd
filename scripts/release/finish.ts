/**
 * What is done to each binary after the bundler: an exit status of 0 from it proves nothing. It is
 * checked to be what its target says, macOS's gets a signature that holds, and the host's own runs.
 */
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Stamp } from "../compile.ts";
import { inspectSignature, signAdHoc } from "./code-signature.ts";
import { describeExecutable } from "./executable.ts";
import { NAME } from "../../src/project.ts";
import { hostTarget, type Target, targetOf } from "./targets.ts";

/**
 * Finishes the binary in place, keeping its time of change, which is the commit's in a release.
 * Gives a line about it; throws an Error that says what is wrong.
 */
export function finish(path: string, target: Target, stamp: Stamp): string {
  // The binary holds its source maps; those beside it are left over.
  for (const name of readdirSync(dirname(path))) {
    if (name.endsWith(".map")) rmSync(join(dirname(path), name));
  }
  const bytes = readFileSync(path);
  const found = targetOf(describeExecutable(bytes));
  if (found !== target) {
    throw new Error(`${path} is built for ${found?.name ?? "another system"}, not ${target.name}`);
  }
  const notes = [`${target.name}, ${(bytes.length / 1e6).toFixed(1)} MB`];
  if (target.format === "mach-o") notes.push(sign(path, bytes));
  if (target === hostTarget()) notes.push(run(path, stamp));
  return notes.join(", ");
}

/** Leaves a whole signature alone. Bun's runtime for Intel brings its maker's, which bundling breaks. */
function sign(path: string, bytes: Uint8Array): string {
  if (inspectSignature(bytes).faults.length === 0) return "signature whole";
  const signed = signAdHoc(bytes, NAME);
  const [fault] = inspectSignature(signed).faults;
  if (fault !== undefined) throw new Error(`${path}: the new signature does not hold: ${fault}`);
  const { atime, mtime } = statSync(path);
  writeFileSync(path, signed);
  utimesSync(path, atime, mtime);
  return "signed ad hoc";
}

function run(path: string, { version, commit }: Stamp): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([path, "--version"], {
    stdout: "pipe",
    stderr: "pipe",
    env: {},
  });
  const printed = stdout.toString().trim();
  if (exitCode !== 0 || printed !== `${NAME} ${version} (${commit})`) {
    throw new Error(
      `${path} does not run: exit ${exitCode}, it printed "${printed}${stderr.toString().trim()}"`,
    );
  }
  return printed;
}
