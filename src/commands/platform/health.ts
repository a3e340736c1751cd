/** `molecule platform health` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { workspaceIdProblem } from "../which/workspace-id.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  workspace: flag({
    type: "string",
    summary: "workspace whose token is tried; if not given, the one that has connected from here",
    placeholder: "workspace-id",
    complete: WORKSPACES,
    check: workspaceIdProblem,
  }),
  ...apiFlags,
};

export type HealthValues = Values<typeof flags, []>;

export const health = command({
  name: "health",
  summary: "tell what of the platform works: the server, its headers, your tokens",
  description: `Asks the platform a few questions and changes nothing. What rests on something that failed is skipped,
so the first failure is the one to mend. The exit code is the one of that failure: 2 for a wrong
address or a missing tenant header, 3 for a refused token, 4 where nothing can be reached.`,
  flags,
  examples: [
    "molecule platform health",
    "molecule platform health --api-token-file ./admin.token --workspace <workspace-id> --token-file ./token",
  ],
  run: async (values, context) => (await import("./health-run.ts")).run(values, context),
});
