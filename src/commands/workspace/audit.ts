/** `molecule workspace audit` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { failOn } from "../audit/fail-on.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = { failOn, ...apiFlags };

const positionals = [
  {
    name: "workspaceId",
    summary: "only this workspace, by its id or name; its token is enough",
    complete: WORKSPACES,
  },
] as const;

export type AuditValues = Values<typeof flags, typeof positionals>;

export const audit = command({
  name: "audit",
  summary: "find what is wrong with workspaces, and what to do about it",
  description: `Looks at status, signs of life, errors, budgets, parents, delegations and tokens. Each finding is an
error (it keeps the workspace from its work), a warning or an info. Being a report it ends with 0
whatever it finds; --fail-on makes it a test.`,
  flags,
  positionals,
  examples: [
    "molecule workspace audit --api-token-file ./admin.token",
    "molecule workspace audit <workspace-id> --token-file ./token --fail-on error",
  ],
  run: async (values, context) => (await import("./audit-run.ts")).run(values, context),
});
