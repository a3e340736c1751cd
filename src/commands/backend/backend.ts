/** `molecule backend`: what can answer messages, as it is declared. */
import { command, group } from "../../cli/command.ts";

const list = command({
  name: "list",
  summary: "list the backends and their options",
  description: `Prints each option of each backend, as it is written after --backend-opt of molecule connect.
With -o json or yaml, each backend is one record with its options.`,
  flags: {},
  positionals: [],
  examples: ["molecule backend list", "molecule backend list -o json"],
  run: async (_, context) => (await import("./backend-run.ts")).list(context),
});

export const backend = group({
  name: "backend",
  summary: "see what can answer messages",
  commands: [list],
});
