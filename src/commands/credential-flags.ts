/** Flags for who we are to the platform. */
import { flag } from "../cli/flag.ts";
import { checkToken } from "../platform/check-token.ts";

export const WORKSPACE_TOKEN = "MOLECULE_WORKSPACE_TOKEN";
export const WORKSPACE_TOKEN_FILE = "MOLECULE_WORKSPACE_TOKEN_FILE";

export const credentialFlags = {
  token: flag({
    type: "string",
    summary: "token of the workspace; others on this machine can read it, a file is safer",
    env: WORKSPACE_TOKEN,
    placeholder: "token",
    secret: true,
    check: (value) => phrase(() => checkToken(value, "")),
  }),
  tokenFile: flag({
    type: "string",
    summary: "file that holds the token of the workspace, read again when it is refused",
    env: WORKSPACE_TOKEN_FILE,
    placeholder: "file",
    complete: "file",
  }),
  orgId: flag({
    type: "string",
    summary: "organisation id, where a hosted platform asks for it",
    env: "MOLECULE_ORG_ID",
    placeholder: "id",
    check: (value) =>
      /^[\x21-\x7e]{1,200}$/.test(value) ? undefined : "must be one word of printable characters",
  }),
};

function phrase(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}
