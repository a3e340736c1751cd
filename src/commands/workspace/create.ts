/** `molecule workspace create` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { parseDollars } from "../../shared/dollars.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { keepFlags } from "../token/keep-flags.ts";
import { lengthProblem, nameProblem } from "./names.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  name: flag({ type: "string", summary: "its name, if not given as a word", check: nameProblem }),
  role: flag({ type: "string", summary: "what it is for", check: lengthProblem("role") }),
  parent: flag({
    type: "string",
    summary: "workspace that it is below",
    placeholder: "workspace",
    complete: WORKSPACES,
  }),
  ...keepFlags,
  external: flag({
    type: "boolean",
    summary:
      "its agent is run by somebody else, who connects it; true unless a template, model or other runtime is given",
    advanced: true,
  }),
  runtime: flag({
    type: "string",
    summary: "what runs its agent",
    check: lengthProblem("runtime"),
    advanced: true,
  }),
  template: flag({ type: "string", summary: "template that it is made of", advanced: true }),
  model: flag({
    type: "string",
    summary: "model of an agent that the platform runs",
    check: lengthProblem("model"),
    advanced: true,
  }),
  tier: flag({ type: "integer", summary: "tier of the workspace", min: 0, advanced: true }),
  deliveryMode: flag({
    type: "enum",
    summary:
      "how messages reach an external one: poll keeps them until they are fetched; push if there is a --url",
    values: ["poll", "push"],
    placeholder: "mode",
    advanced: true,
  }),
  url: flag({
    type: "string",
    summary: "address that messages are pushed to",
    placeholder: "url",
    advanced: true,
  }),
  workspaceDir: flag({
    type: "string",
    summary: "folder of an agent that the platform runs, on the platform's machine",
    placeholder: "folder",
    check: (path) => (/^(\/|[A-Za-z]:[\\/])/.test(path) ? undefined : "must be a whole path"),
    advanced: true,
  }),
  budget: flag({
    type: "string",
    summary: "dollars that it may spend in a month",
    placeholder: "dollars",
    check: (text) =>
      Math.round((parseDollars(text) ?? 0) * 100) > 0
        ? undefined
        : "must be an amount of dollars such as 20 or 2.50, at least 0.01",
    advanced: true,
  }),
  maxConcurrentTasks: flag({
    type: "integer",
    summary: "tasks that its agent works on at once",
    min: 1,
    advanced: true,
  }),
  ...apiFlags,
};

const positionals = [{ name: "workspaceName", summary: "its name" }] as const;

export type CreateValues = Values<typeof flags, typeof positionals>;

export const create = command({
  name: "create",
  summary: "make a workspace, and keep its token",
  description: `Makes a workspace for an agent that you connect from here, unless told otherwise. The platform shows
its token only this once: it is kept where molecule connect finds it.`,
  flags,
  positionals,
  examples: [
    "molecule workspace create reviewer --api-token-file ./admin.token",
    "molecule workspace create reviewer --parent lead --save-to ./reviewer.token",
    "molecule workspace create reviewer --no-save --show-token -o json",
  ],
  run: async (values, context) => (await import("./create-run.ts")).run(values, context),
});
