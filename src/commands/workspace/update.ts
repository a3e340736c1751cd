/** `molecule workspace update` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { lengthProblem, nameProblem } from "./names.ts";
import { target } from "./target.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  name: flag({ type: "string", summary: "its new name", check: nameProblem }),
  role: flag({ type: "string", summary: "what it is for", check: lengthProblem("role") }),
  parent: flag({
    type: "string",
    summary: "workspace that it is to be below",
    placeholder: "workspace",
    complete: WORKSPACES,
  }),
  root: flag({ type: "boolean", summary: "move it to the root: below no other workspace" }),
  talkToUser: flag({ type: "boolean", summary: "let its agent write to the canvas user, or not" }),
  broadcast: flag({ type: "boolean", summary: "let its agent write to all others, or not" }),
  ...apiFlags,
};

const positionals = [target] as const;

export type UpdateValues = Values<typeof flags, typeof positionals>;

export const update = command({
  name: "update",
  summary: "change the name, role, parent or rights of a workspace",
  description: `Changes what is given and leaves the rest. The rights (--talk-to-user, --broadcast) take an admin or
organisation token.`,
  flags,
  positionals,
  examples: [
    "molecule workspace update <workspace-id> --name reviewer --role 'reads every change'",
    "molecule workspace update reviewer --no-talk-to-user --api-token-file ./admin.token",
  ],
  run: async (values, context) => (await import("./update-run.ts")).run(values, context),
});
