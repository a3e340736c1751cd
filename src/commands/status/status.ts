/** `molecule status` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { stateDir } from "../access/state-flag.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const positionals = [
  {
    name: "workspaceId",
    summary: "only this workspace, by its name or the beginning of its id",
    complete: WORKSPACES,
  },
] as const;

const flags = { stateDir };

export type StatusValues = Values<typeof flags, typeof positionals>;

export const status = command({
  name: "status",
  config: "lenient",
  summary: "show the bridges that run on this machine",
  description: `Shows what each running 'molecule connect' serves, and how: from files in the state folder, without the
platform and without disturbing anybody. Of one workspace it shows more; that it is not served here, or hangs,
is exit code 1. A process that has not written for 40 s is shown as hung.`,
  flags,
  positionals,
  examples: ["molecule status", "molecule status <workspace-id>", "molecule status -o json"],
  run: async (values, context) => (await import("./status-run.ts")).run(values, context),
});
