/** Variables that hold tokens: apart from their flags, since every start has to know them for the mask. */

export const WORKSPACE_TOKEN = "MOLECULE_WORKSPACE_TOKEN";
export const API_TOKEN = "MOLECULE_API_TOKEN";

export const SECRET_VARIABLES: readonly string[] = [WORKSPACE_TOKEN, API_TOKEN];
