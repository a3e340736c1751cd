/**
 * What is done to each binary after the bundler: an exit status of 0 from it proves nothing. It is
 * checked to be what its target says, macOS's gets a signature that holds, and the host's own runs.
 */
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NAME } from "../../src/project.ts";
import { type Build, compile, type Stamp } from "../compile.ts";
import { megabytes } from "../megabytes.ts";
import { signAdHoc, signatureFaults } from "./code-signature.ts";
import { describeExecutable } from "./executable.ts";
import { isMachO } from "./mach-o.ts";
import { hostTarget, type Target, targetOf } from "./targets.ts";

/**
 * Makes the binary whole, and runs it where it is for this system: it has to tell the version and
 * commit of the stamp. The target is undefined for a system that there is no release for. Gives a
 * line about it; throws an Error that says what is wrong.
 */
export function finish(path: string, target: Target | undefined, stamp: Stamp): string {
  const note = makeWhole(path, target);
  return target === hostTarget() ? `${note}, ${run(path, stamp)}` : note;
}

/**
 * Compiles a program to be run here, whatever it is: unsigned, or with a signature that does not
 * hold, macOS would kill it. Throws an Error that says what is wrong.
 */
export function compileWhole(build: Omit<Build, "target">): void {
  compile(build);
  makeWhole(build.outfile, hostTarget());
}

/**
 * Drops the maps beside the binary, checks that it is for its target, if it has one, and signs it
 * where it needs to be. It stays in place and keeps its time of change, which is the commit's in a
 * release. Gives a line about it; throws an Error that says what is wrong.
 */
export function makeWhole(path: string, target: Target | undefined): string {
  // The binary holds its source maps; those beside it are left over.
  for (const name of readdirSync(dirname(path))) {
    if (name.endsWith(".map")) rmSync(join(dirname(path), name));
  }
  const bytes = readFileSync(path);
  if (target !== undefined) check(path, bytes, target);
  const notes = [target?.name ?? "this system", `${megabytes(bytes.length)} MB`];
  if (isMachO(bytes)) notes.push(sign(path, bytes));
  return notes.join(", ");
}

function check(path: string, bytes: Uint8Array, target: Target): void {
  const found = targetOf(describeExecutable(bytes));
  if (found === target) return;
  throw new Error(`${path} is built for ${found?.name ?? "another system"}, not ${target.name}`);
}

/** Leaves a whole signature alone. Bun's runtime for Intel brings its maker's, which bundling breaks. */
function sign(path: string, bytes: Uint8Array): string {
  if (signatureFaults(bytes).length === 0) return "signature whole";
  const signed = signAdHoc(bytes, NAME);
  const [fault] = signatureFaults(signed);
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
