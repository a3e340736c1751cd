/** `molecule agent inspect` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const positionals = [
  {
    name: "workspaceId",
    summary: "workspace whose agent it is",
    required: true,
    complete: WORKSPACES,
  },
] as const;

export type InspectValues = Values<typeof apiFlags, typeof positionals>;

export const inspect = command({
  name: "inspect",
  summary: "show an agent: its state, and how it introduces itself",
  description: `Shows what an agent does now, and its card: what it calls itself, what it says of itself and its skills.
No token is needed. With -o json or yaml it is the platform's own record.`,
  flags: apiFlags,
  positionals,
  examples: [
    "molecule agent inspect <workspace-id>",
    "molecule agent inspect <workspace-id> -o json",
  ],
  run: async (values, context) => (await import("./inspect-run.ts")).run(values, context),
});
