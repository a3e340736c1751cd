/** `molecule workspace delegate` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  target: flag({
    type: "string",
    summary: "who is to do it, in place of the second word",
    placeholder: "workspace-id",
    complete: WORKSPACES,
  }),
  task: flag({
    type: "string",
    summary: "what is to be done, in place of the third word",
  }),
  wait: flag({ type: "boolean", summary: "wait for the answer and print it" }),
  timeout: flag({
    type: "duration",
    summary: "how long to wait for it",
    default: "5m",
    min: "1s",
  }),
  idempotencyKey: flag({
    type: "string",
    summary: "a key under which the platform takes the task only once; a new one if not given",
    placeholder: "key",
    advanced: true,
    check: (value) => (value.length <= 200 ? undefined : "must have at most 200 characters"),
  }),
  ...apiFlags,
};

const positionals = [
  {
    name: "workspaceId",
    summary: "workspace that hands the task over",
    required: true,
    complete: WORKSPACES,
  },
  {
    name: "targetId",
    summary: "workspace that is to do it, or the name of a peer",
    complete: WORKSPACES,
  },
  { name: "taskText", summary: 'what is to be done; "-" reads it from standard input' },
] as const;

export type DelegateValues = Values<typeof flags, typeof positionals>;

export const delegate = command({
  name: "delegate",
  summary: "have a workspace hand a task to another",
  description: `The platform sends the task in the name of the first workspace. With --wait the answer is printed: what
the agent sends back, not the platform's word that the task was handed over.`,
  flags,
  positionals,
  examples: [
    "molecule workspace delegate <workspace-id> <target-id> 'review the open changes'",
    "molecule workspace delegate <workspace-id> --target <target-id> --task - --wait < task.txt",
  ],
  run: async (values, context) => (await import("./delegate-run.ts")).run(values, context),
});
