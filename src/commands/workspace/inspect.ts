/** `molecule workspace inspect` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { target } from "./target.ts";

const flags = {
  card: flag({ type: "boolean", summary: "only the card of its agent" }),
  removed: flag({ type: "boolean", summary: "also if it was removed" }),
  ...apiFlags,
};

const positionals = [target] as const;

export type InspectValues = Values<typeof flags, typeof positionals>;

export const inspect = command({
  name: "inspect",
  summary: "show a workspace",
  description: `Shows what the platform tells of a workspace; its id is enough for that, and no token is needed. An
admin token adds its spending, its task and what went wrong last. It ends with 5 where the workspace was removed.`,
  flags,
  positionals,
  examples: [
    "molecule workspace inspect <workspace-id>",
    "molecule workspace inspect reviewer --api-token-file ./admin.token",
    "molecule workspace inspect <workspace-id> --card -o json",
  ],
  run: async (values, context) => (await import("./inspect-run.ts")).run(values, context),
});
