/** The tree of commands. */
import { group } from "../cli/command.ts";
import { NAME } from "../project.ts";
import { agent } from "./agent.ts";
import { backend } from "./backend.ts";
import { completion } from "./completion.ts";
import { connect } from "./connect.ts";
import { deadLetter } from "./dead-letter.ts";
import { dev } from "./dev.ts";

export const ROOT = group({
  name: NAME,
  summary: "connects an agent on your own machine to the Molecule AI platform",
  commands: [connect, agent, backend, deadLetter, dev, completion],
  examples: [
    "molecule dev",
    "molecule connect <workspace-id> --token-file ./token",
    "molecule connect <workspace-id> --backend exec --backend-opt cmd='./answer.sh'",
  ],
});
