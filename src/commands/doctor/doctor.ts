/** `molecule doctor` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { backendFlags } from "../backend/backend-flags.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { storeFlags } from "../access/store-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const flags = {
  ...apiFlags,
  ...backendFlags,
  ...storeFlags,
  offline: flag({ type: "boolean", summary: "ask nobody on the network" }),
};

const positionals = [
  {
    name: "workspaceId",
    summary: "id of the workspace; without it, what concerns a workspace is left out",
    complete: WORKSPACES,
  },
] as const;

export type DoctorValues = Values<typeof flags, typeof positionals>;

export const doctor = command({
  name: "doctor",
  summary: "find out what keeps a bridge from working",
  description: `Looks at everything that \`molecule connect\` needs, in the order in which it needs it, with the same
flags and variables: configuration, address, network, certificate, platform, tokens, workspace, the
folder of its state, shared store, backend. What rests on something broken is left out. It changes nothing, neither on
the platform nor on this machine, and has the backend do no work that costs.

A backend that was not chosen and can't work is a warning only.

It ends with 0 unless something failed; then with the code of the first failure: 2 configuration or
address, 3 refused, 4 not reachable, 5 workspace removed, 1 anything else.`,
  flags,
  positionals,
  // It tells of faulty files itself.
  config: "silent",
  examples: [
    "molecule doctor",
    "molecule doctor <workspace-id> --token-file ./token",
    "molecule doctor <workspace-id> --backend exec --backend-opt cmd=./answer.sh",
  ],
  run: async (values, context) => (await import("./doctor-run.ts")).run(values, context),
});
