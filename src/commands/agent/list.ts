/** `molecule agent list` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  workspace: flag({
    type: "string",
    summary: "only this workspace and those that it can reach; its own token is enough",
    placeholder: "workspace-id",
    complete: WORKSPACES,
  }),
  ...apiFlags,
};

export type ListValues = Values<typeof flags, []>;

export const list = command({
  name: "list",
  summary: "list the agents",
  description: `Lists the agent of every workspace, which takes an admin or organisation token. With --workspace the
list is what that workspace sees: itself and its peers.`,
  flags,
  examples: [
    "molecule agent list --api-token-file ./admin.token",
    "molecule agent list --workspace <workspace-id> --token-file ./token",
  ],
  run: async (values, context) => (await import("./list-run.ts")).run(values, context),
});
