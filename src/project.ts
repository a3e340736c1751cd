/** What the program is called, which build this is, and where it comes from: the one home of these names. */
import pkg from "../package.json" with { type: "json" };

// Set by the build (scripts/build.ts, .goreleaser.yaml); a run from the sources has neither.
declare const MOLECULE_VERSION: string | undefined;
declare const MOLECULE_COMMIT: string | undefined;

export const NAME = "molecule";

export const VERSION: string =
  typeof MOLECULE_VERSION === "undefined" ? `${pkg.version}-dev` : MOLECULE_VERSION;

/** Short commit of the build, or undefined for a run from the sources. */
export const COMMIT: string | undefined =
  typeof MOLECULE_COMMIT === "undefined" ? undefined : MOLECULE_COMMIT;

/** As `--version` prints it. */
export const VERSION_LINE = `${NAME} ${VERSION}${COMMIT === undefined ? "" : ` (${COMMIT})`}`;

/** Sent with every request. */
export const USER_AGENT = `${NAME}/${VERSION}`;

/** The repository's page: where bugs are reported. */
export const REPOSITORY: string = pkg.repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
