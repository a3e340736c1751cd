/** `molecule workspace restart`, `pause` and `resume` as they are declared. */
import { command, type Values } from "../../cli/command.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { target } from "./target.ts";

const positionals = [target] as const;

export type LifecycleValues = Values<typeof apiFlags, typeof positionals>;

export const restart = command({
  name: "restart",
  summary: "restart the agent of a workspace",
  description: `Restarts what the platform runs. The agent of an external workspace is run by somebody else, who
restarts it by running molecule connect again: then this fails and says so.`,
  flags: apiFlags,
  positionals,
  examples: ["molecule workspace restart <workspace-id> --api-token-file ./admin.token"],
  run: async (values, context) => (await import("./lifecycle-run.ts")).restart(values, context),
});

export const pause = command({
  name: "pause",
  summary: "pause a workspace and all below it",
  description: `Messages to a paused workspace are kept, and a bridge that is connected goes on to answer them: stop it
as well if it is to be quiet.`,
  flags: apiFlags,
  positionals,
  examples: ["molecule workspace pause <workspace-id> --api-token-file ./admin.token"],
  run: async (values, context) => (await import("./lifecycle-run.ts")).pause(values, context),
});

export const resume = command({
  name: "resume",
  summary: "end the pause of a workspace and of all below it",
  description: `An external workspace comes online when its agent gives a sign of life. Where the platform ends its
pause by that alone, this changes nothing and says so.`,
  flags: apiFlags,
  positionals,
  examples: ["molecule workspace resume <workspace-id> --api-token-file ./admin.token"],
  run: async (values, context) => (await import("./lifecycle-run.ts")).resume(values, context),
});
