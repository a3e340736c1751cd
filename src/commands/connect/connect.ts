/** `molecule connect` as it is declared: parsing, help and variables follow from this. */
import { BACKENDS, DEFAULT_BACKEND } from "../../backends/registry.ts";
import { command, type Values } from "../../cli/command.ts";
import { backendHelp } from "../backend/backend-help.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";
import { flags, lists } from "./connect-flags.ts";

const positionals = [
  {
    name: "workspaceId",
    summary: "ids of workspaces, answered side by side; those of the config's list if not given",
    many: true,
    complete: WORKSPACES,
  },
] as const;

/** The values of the flags: those of a workspace, or of the process where no workspace says otherwise. */
export type ConnectFlags = Values<typeof flags, []>;

export type ConnectValues = Values<typeof flags, typeof positionals>;

export const connect = command({
  name: "connect",
  summary: "answer a workspace's messages with a local backend",
  description: `Keeps the workspace online, fetches each message from the platform (no public address is needed), has
the backend answer it, and posts the answer, until it is stopped: a first signal finishes what is in
hand, a second one stops at once. 'molecule backend list' shows the backends and their options.`,
  get more() {
    return `A config file may list workspaces, each with settings of its own:

  workspaces:
    - id: 0f8fad5b-d9cb-469f-a165-70867728950e
      token_file: ./first.token
      backend: mock
    - id: 7c9e6679-7425-40de-944b-e07fc1f90ae7
      token_env: SECOND_TOKEN

Without an id all of them are answered, with ids those alone. A flag stands before what the list says of
a workspace, and that before variables and the rest of the file. Where there are several workspaces,
one that fails is tried again after a while, and the others go on.

With --mode push the platform posts each message to --public-url, whose proxy or tunnel leads to
--listen, and the answer goes back on the same request. The address gets a secret end, which the
platform alone is told.

${backendHelp(BACKENDS, DEFAULT_BACKEND)}

Exit codes: 0 done or stopped, 1 failed, 2 wrong usage or address, 3 refused (401, 403), 4 platform not
reachable, 5 workspace removed, 130 stopped at once by a second signal.`;
  },
  flags,
  lists,
  positionals,
  examples: [
    "molecule connect <workspace-id> --token-file ./token",
    "molecule connect <workspace-id> --backend exec --backend-opt cmd='wc -w'",
    "molecule connect <workspace-id> --mode push --public-url https://a.example.com",
  ],
  run: async (values, context) => (await import("./connect-run.ts")).run(values, context),
});
