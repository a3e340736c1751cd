/** The flags of the commands that write a first config file. */
import type { Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { backendFlags } from "../backend/backend-flags.ts";
import { apiTokenFlags, credentialFlags } from "../access/credential-flags.ts";

const { tokenFile, orgId } = credentialFlags;
const { apiTokenFile } = apiTokenFlags;

/** With the global flags of the address, all that a first file is likely to set. */
export const initFlags = {
  force: flag({ type: "boolean", summary: "replace the file that is there" }),
  tokenFile,
  apiTokenFile,
  orgId,
  ...backendFlags,
};

export type InitValues = Values<typeof initFlags, []>;
