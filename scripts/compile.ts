/** How the binary is compiled: for the build, the release and the measurements. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Why each: bytecode starts twice as fast and needs esm. Names are kept, so that a trace can be read
 * without a map, which would weigh 1 % of the binary: hence neither `--minify` nor `--production`.
 */
export const COMPILE_FLAGS = [
  "--compile",
  "--minify-syntax",
  "--minify-whitespace",
  "--bytecode",
  // The bytecode of what lies deeper weighs 2 % of macOS's binary, and saves a command some 10 ms.
  "--bytecode-depth=1",
  "--format=esm",
  // A command loads what it needs, and no other one.
  "--splitting",
  "--reject-unresolved",
  // A .env or bunfig.toml of the folder that it is run in is a stranger's, and could run code.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  // Company authorities are in the system's store, where curl and Go look, too.
  "--compile-exec-argv=--use-system-ca",
];

/** What a binary says it is; the commit in its short form. */
export interface Stamp {
  version: string;
  commit: string;
}

/** The constants of src/project.ts. */
export function defines({ version, commit }: Stamp): string[] {
  return [`--define=MOLECULE_VERSION="${version}"`, `--define=MOLECULE_COMMIT="${commit}"`];
}

export interface Build {
  /** Holds the sources; the bundler runs in it. */
  root: string;
  /** Below the root. */
  entry: string;
  /** Its last name becomes a part of the binary, so the same bytes take the same name. */
  outfile: string;
  /** The flags of a release, where none are given. `--compile` has to be among them. */
  flags?: readonly string[];
  /** None for a program that has no such constants. */
  stamp?: Stamp;
  /** As Bun calls it; otherwise the Bun that runs this is the binary's runtime, too. */
  target?: string;
}

/** Compiles to the outfile. Throws an Error with what the bundler said. */
export function compile({ root, entry, outfile, flags, stamp, target }: Build): void {
  mkdirSync(dirname(outfile), { recursive: true });
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [
      process.execPath,
      "build",
      ...(flags ?? COMPILE_FLAGS),
      ...(stamp === undefined ? [] : defines(stamp)),
      ...(target === undefined ? [] : [`--target=${target}`]),
      entry,
      "--outfile",
      outfile,
    ],
    { cwd: root, stdout: "pipe", stderr: "pipe" },
  );
  if (exitCode === 0 && existsSync(outfile)) return;
  throw new Error(`${entry} could not be compiled:\n${stdout}${stderr}`.trim());
}
