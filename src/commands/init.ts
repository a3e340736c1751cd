/** `molecule init`: a config file for a project, as it is declared. */
import { command } from "../cli/command.ts";
import { initFlags } from "./config/init-flags.ts";

export const init = command({
  name: "init",
  config: "silent",
  summary: "write a commented molecule.yaml for this folder",
  description: `Writes ./molecule.yaml, which commands that are run in this folder read, with the common keys explained.
What is given by flags is set in it; all else stays a comment. The file holds no token, so it may be
kept with the project's sources. It is trusted at once, as you made it (see molecule config trust).`,
  flags: initFlags,
  examples: [
    "molecule init",
    "molecule init --api-url https://tenant.example.com --backend exec --backend-opt cmd=./answer.sh",
  ],
  run: async (values, context) => (await import("./config/init-run.ts")).project(values, context),
});
