/** `molecule workspace logs` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { target } from "./target.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  follow: flag({ type: "boolean", short: "f", summary: "go on with what comes, until Ctrl-C" }),
  limit: flag({
    type: "integer",
    summary: "rows to begin with, at most",
    default: 50,
    min: 1,
    max: 500,
  }),
  since: flag({
    type: "duration",
    summary: "only what is not older than this",
    min: "1s",
    max: "720h",
  }),
  type: flag({
    type: "string",
    summary: "only rows of this type, a2a_receive for example",
    placeholder: "type",
    complete: [
      { value: "a2a_receive", summary: "messages to it, and its words to the canvas user" },
      { value: "a2a_send", summary: "messages of its own" },
      { value: "broadcast_receive", summary: "broadcasts to it" },
      { value: "task_update", summary: "how its work goes" },
      { value: "agent_log", summary: "what its agent notes" },
      { value: "error", summary: "what went wrong" },
    ],
  }),
  source: flag({
    type: "enum",
    summary: "only what the canvas user or what agents sent",
    values: ["canvas", "agent"],
    placeholder: "who",
  }),
  peer: flag({
    type: "string",
    summary: "only what went from or to this workspace",
    placeholder: "workspace",
    complete: WORKSPACES,
  }),
  ...apiFlags,
};

const positionals = [target] as const;

export type LogsValues = Values<typeof flags, typeof positionals>;

export const logs = command({
  name: "logs",
  summary: "show what happened in a workspace, oldest first",
  description: `A line tells the time, the type, who wrote to whom, the method, the status and what was said. With -o
json or yaml it is the whole row as the platform keeps it; with --follow one JSON object in each line. Rows
are kept for a week or more.`,
  flags,
  positionals,
  examples: [
    "molecule workspace logs <workspace-id> --follow",
    "molecule workspace logs <workspace-id> --since 1h --source canvas",
    "molecule workspace logs <workspace-id> --limit 500 -o json",
  ],
  run: async (values, context) => (await import("./logs-run.ts")).run(values, context),
});
