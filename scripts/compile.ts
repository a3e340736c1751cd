/** How the binary is compiled: the one list, for the build script and the test of the release. */

/** Why each: bytecode starts twice as fast and needs esm; the map keeps traces short and readable. */
export const COMPILE_FLAGS = [
  "--compile",
  "--production",
  "--minify",
  "--bytecode",
  "--format=esm",
  "--sourcemap",
  // A command loads what it needs, and no other one.
  "--splitting",
  "--reject-unresolved",
  // A .env or bunfig.toml of the folder that it is run in is a stranger's, and could run code.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  // Company authorities are in the system's store, where curl and Go look, too.
  "--compile-exec-argv=--use-system-ca",
];

/** The constants of src/project.ts. */
export function defines(version: string, commit: string): string[] {
  return [`--define=MOLECULE_VERSION="${version}"`, `--define=MOLECULE_COMMIT="${commit}"`];
}
