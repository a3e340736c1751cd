/** `molecule workspace delegations` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const positionals = [
  {
    name: "workspaceId",
    summary: "workspace that has delegated",
    required: true,
    complete: WORKSPACES,
  },
  { name: "delegationId", summary: "only this one, by its id or the beginning of it" },
] as const;

export type DelegationsValues = Values<typeof apiFlags, typeof positionals>;

export const delegations = command({
  name: "delegations",
  summary: "list what a workspace has delegated, or show one delegation",
  description: `Lists the newest 50. The platform calls a task completed once it has queued it for an agent that fetches
its messages; the column "outcome" says "handed over" then. With -o json or yaml this stands under
_outcome, beside the platform's own fields.`,
  flags: apiFlags,
  positionals,
  examples: [
    "molecule workspace delegations <workspace-id>",
    "molecule workspace delegations <workspace-id> <delegation-id>",
  ],
  run: async (values, context) => (await import("./delegations-run.ts")).run(values, context),
});
