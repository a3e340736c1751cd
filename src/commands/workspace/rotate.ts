/** `molecule workspace rotate-token` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { keepFlags } from "../token/keep-flags.ts";
import { target } from "./target.ts";

const flags = {
  yes: flag({ type: "boolean", short: "y", summary: "do it without a question" }),
  ...keepFlags,
  ...apiFlags,
};

const positionals = [target] as const;

export type RotateValues = Values<typeof flags, typeof positionals>;

export const rotate = command({
  name: "rotate-token",
  summary: "give a workspace a new token; all older ones are dead",
  description: `A bridge that reads its token from a file goes on without a restart when the new one is written to that
very file within a minute: give it as --save-to. Others have to be started again.`,
  flags,
  positionals,
  examples: [
    "molecule workspace rotate-token <workspace-id> --api-token-file ./admin.token",
    "molecule workspace rotate-token reviewer --save-to ./reviewer.token --yes",
  ],
  run: async (values, context) => (await import("./rotate-run.ts")).run(values, context),
});
