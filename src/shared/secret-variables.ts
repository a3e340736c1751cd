/** Variables that hold tokens. Loaded at every start, which has to know them for the mask. */

export const WORKSPACE_TOKEN = "MOLECULE_WORKSPACE_TOKEN";
export const API_TOKEN = "MOLECULE_API_TOKEN";
/** The address of a shared store, with its password. */
export const STORE = "MOLECULE_STORE";

/** Those that are read, and so masked. */
export const SECRET_VARIABLES: readonly string[] = [WORKSPACE_TOKEN, API_TOKEN, STORE];

/** The same with the prefix of the Go tool of the same name. No secrets are read from these; they may stand there. */
const OF_THE_GO_TOOL = ["MOL_TOKEN", "MOL_API_TOKEN", "MOL_STORE"];

/** All that hold a token or name its file: none of a program's that works on messages of strangers. */
export const TOKEN_VARIABLES: readonly string[] = [...SECRET_VARIABLES, ...OF_THE_GO_TOOL].flatMap(
  (name) => [name, `${name}_FILE`],
);
