/** `molecule platform audit` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { failOn } from "../audit/fail-on.ts";
import { apiFlags } from "../access/credential-flags.ts";

const flags = { failOn, ...apiFlags };

export type AuditValues = Values<typeof flags, []>;

export const audit = command({
  name: "audit",
  summary: "report on the platform and all of its workspaces",
  description: `The server, its subsystems, how many workspaces are in which state, and what
\`molecule workspace audit\` finds in each. Being a report it ends with 0 whatever it finds; --fail-on
makes it a test. It takes an admin or organisation token.`,
  flags,
  examples: [
    "molecule platform audit --api-token-file ./admin.token",
    "molecule platform audit --api-token-file ./admin.token --fail-on error -o json",
  ],
  run: async (values, context) => (await import("./audit-run.ts")).run(values, context),
});
