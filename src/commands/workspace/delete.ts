/** `molecule workspace delete` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { target } from "./target.ts";

const flags = {
  yes: flag({ type: "boolean", short: "y", summary: "do it without a question" }),
  cascade: flag({ type: "boolean", summary: "delete those below it as well" }),
  purge: flag({ type: "boolean", summary: "leave nothing of it: no messages, no records" }),
  ...apiFlags,
};

const positionals = [target] as const;

export type DeleteValues = Values<typeof flags, typeof positionals>;

export const remove = command({
  name: "delete",
  summary: "delete a workspace for good",
  description: `Shows what would go, and asks. Its tokens are dead from then on, and a bridge that is connected ends
with 5. The token that was kept of it is removed here as well; what its bridge noted stays.`,
  flags,
  positionals,
  examples: [
    "molecule workspace delete <workspace-id> --api-token-file ./admin.token",
    "molecule workspace delete reviewer --cascade --yes",
  ],
  run: async (values, context) => (await import("./delete-run.ts")).run(values, context),
});
