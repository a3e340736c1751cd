/** `molecule agent peers` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  search: flag({
    type: "string",
    summary: "only peers whose name, role or card has this text",
    placeholder: "text",
  }),
  ...apiFlags,
};

const positionals = [
  {
    name: "workspaceId",
    summary: "workspace whose peers they are; if left out, the one that has connected from here",
    complete: WORKSPACES,
  },
] as const;

export type PeersValues = Values<typeof flags, typeof positionals>;

export const peers = command({
  name: "peers",
  summary: "list the agents that a workspace can talk to",
  description: `Peers are the workspace's parent, children and siblings, as the platform sees them. This takes the
workspace's own token; newer platforms take an admin's, too.`,
  flags,
  positionals,
  examples: [
    "molecule agent peers <workspace-id> --token-file ./token",
    "molecule agent peers <workspace-id> --search review",
  ],
  run: async (values, context) => (await import("./peers-run.ts")).run(values, context),
});
