/** Flags for who we are to the platform. */
import { flag } from "../../cli/flag.ts";
import { checkToken } from "../../platform/check-token.ts";
import { API_TOKEN, WORKSPACE_TOKEN } from "../../shared/secret-variables.ts";
import { stateDir } from "./state-flag.ts";

export const WORKSPACE_TOKEN_FILE = "MOLECULE_WORKSPACE_TOKEN_FILE";

export const credentialFlags = {
  token: flag({
    type: "string",
    summary: "token of the workspace; others on this machine can read it, a file is safer",
    env: WORKSPACE_TOKEN,
    placeholder: "token",
    secret: true,
    check: (value) => phrase(() => checkToken(value, "")),
    advanced: true,
  }),
  tokenFile: flag({
    type: "string",
    summary: "file that holds the token of the workspace",
    env: WORKSPACE_TOKEN_FILE,
    placeholder: "file",
    complete: "file",
    config: "guarded",
  }),
  orgId: flag({
    type: "string",
    summary: "organisation id, where a hosted platform asks for it",
    env: "MOLECULE_ORG_ID",
    placeholder: "id",
    config: "guarded",
    check: (value) =>
      /^[\x21-\x7e]{1,200}$/.test(value) ? undefined : "must be one word of printable characters",
    advanced: true,
  }),
};

/** Those of an administrator or an organisation, for what is not a workspace's own. */
export const apiTokenFlags = {
  apiToken: flag({
    type: "string",
    summary: "admin or organisation token; others on this machine can read it, a file is safer",
    env: API_TOKEN,
    placeholder: "token",
    secret: true,
    check: (value) => phrase(() => checkToken(value, "")),
    advanced: true,
  }),
  apiTokenFile: flag({
    type: "string",
    summary: "file that holds the admin or organisation token",
    env: "MOLECULE_API_TOKEN_FILE",
    placeholder: "file",
    complete: "file",
    config: "guarded",
  }),
};

/** What a command of the operator takes: either token, and whose platform it is. */
export const apiFlags = { ...apiTokenFlags, ...credentialFlags, stateDir };

function phrase(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}
