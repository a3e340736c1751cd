/** `molecule agent send` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { workspaceIdProblem } from "../which/workspace-id.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  as: flag({
    type: "string",
    summary: "workspace to speak as, with its token; the canvas user if not given",
    placeholder: "workspace-id",
    complete: WORKSPACES,
    check: workspaceIdProblem,
  }),
  file: flag({
    type: "strings",
    summary: "a file that goes with the text",
    placeholder: "path",
    complete: "file",
  }),
  wait: flag({
    type: "boolean",
    summary: "wait for the answer and print it",
    default: true,
  }),
  timeout: flag({
    type: "duration",
    summary: "how long to wait for it",
    default: "5m",
    min: "1s",
  }),
  ...apiFlags,
};

const positionals = [
  {
    name: "workspaceId",
    summary: "workspace to send to, or its name where a list shows it",
    required: true,
    complete: WORKSPACES,
  },
  { name: "message", summary: 'text to send; "-" reads it from standard input', required: true },
] as const;

export type SendValues = Values<typeof flags, typeof positionals>;

export const send = command({
  name: "send",
  summary: "send a message to an agent, and print its answer",
  description: `Sends the text as a workspace (--as) or as the canvas user, and prints the answer. It is found by the
mark that molecule puts on its answers; the canvas user, whose answers carry no mark, is shown the next
thing that the agent says.`,
  flags,
  positionals,
  examples: [
    "molecule agent send <workspace-id> 'how are you?' --as <peer-id> --token-file ./peer.token",
    "molecule agent send <workspace-id> 'what is this?' --file ./a.pdf --api-token-file ./admin.token",
  ],
  run: async (values, context) => (await import("./send-run.ts")).run(values, context),
});
