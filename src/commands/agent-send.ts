/** `molecule agent send` as it is declared. */
import { command, type Values } from "../cli/command.ts";
import { flag } from "../cli/flag.ts";
import { credentialFlags } from "./credential-flags.ts";
import { workspaceIdProblem } from "./workspace-id.ts";

const flags = {
  as: flag({
    type: "string",
    summary:
      "workspace to speak as, with its --token or --token-file; the canvas user if not given",
    placeholder: "workspace-id",
    check: workspaceIdProblem,
  }),
  ...credentialFlags,
  apiToken: flag({
    type: "string",
    summary: "admin or organisation token, to speak as the canvas user; a file is safer",
    env: "MOLECULE_API_TOKEN",
    placeholder: "token",
    secret: true,
  }),
  apiTokenFile: flag({
    type: "string",
    summary: "file that holds the admin or organisation token",
    env: "MOLECULE_API_TOKEN_FILE",
    placeholder: "file",
    complete: "file",
  }),
  file: flag({
    type: "strings",
    summary: "a file that goes with the text",
    placeholder: "path",
    complete: "file",
  }),
  wait: flag({ type: "boolean", summary: "wait for the answer and print it" }),
  timeout: flag({
    type: "duration",
    summary: "how long to wait for the answer",
    default: "5m",
    min: "1s",
  }),
};

const positionals = [
  { name: "workspaceId", summary: "workspace to send to", required: true },
  { name: "message", summary: 'text to send; "-" reads it from standard input', required: true },
] as const;

export type SendValues = Values<typeof flags, typeof positionals>;

export const send = command({
  name: "send",
  summary: "send a message to an agent",
  description: `Sends the text as a workspace (--as) or as the canvas user. With --wait the answer is printed on
standard output; it is found by the mark that molecule puts on its answers, and for the canvas user,
whose answers carry no mark, it is the next thing that the agent says.`,
  flags,
  positionals,
  examples: [
    "molecule agent send <workspace-id> 'how are you?' --as <peer-id> --token-file ./peer.token --wait",
    "molecule agent send <workspace-id> hello --api-token-file ./admin.token --wait",
    "molecule agent send <workspace-id> 'what is in this?' --file ./report.pdf --api-token-file ./admin.token",
  ],
  run: async (values, context) => (await import("./agent-send-run.ts")).run(values, context),
});
