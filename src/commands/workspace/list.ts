/** `molecule workspace list` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";

/** Contract 1.2; the platform leaves removed ones out of the list. */
const STATUSES = [
  "provisioning",
  "online",
  "degraded",
  "offline",
  "failed",
  "paused",
  "hibernating",
  "hibernated",
  "awaiting_agent",
] as const;

const flags = {
  status: flag({ type: "enum", summary: "only those in this status", values: STATUSES }),
  name: flag({ type: "string", summary: "only those with this text in their name" }),
  tree: flag({ type: "boolean", summary: "children below their parents" }),
  ...apiFlags,
};

export type ListValues = Values<typeof flags, []>;

export const list = command({
  name: "list",
  summary: "list the workspaces",
  description: `Lists every workspace that is not removed, which takes an admin or organisation token. With -o json or
yaml each one is as the platform gives it.`,
  flags,
  examples: [
    "molecule workspace list --api-token-file ./admin.token",
    "molecule workspace list --tree",
    "molecule workspace list --status awaiting_agent -o json",
  ],
  run: async (values, context) => (await import("./list-run.ts")).run(values, context),
});
