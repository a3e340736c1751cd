/** `molecule service`: bridges that the operating system starts and keeps running. */
import { command, group, type Values } from "../../cli/command.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";
import { force, installFlags, printFlags, system, workspaceId } from "./flags.ts";

const one = { ...workspaceId, complete: WORKSPACES } as const;
const PASSTHROUGH = "flags of molecule connect, which the service is started with";

const uninstallFlags = {
  system,
  template: installFlags.template,
  force,
};

const statusFlags = { system };

const shown = {
  ...one,
  summary: "id of the workspace; without it, all that are installed",
} as const;

export type PrintValues = Values<typeof printFlags, readonly [typeof one]>;
export type InstallValues = Values<typeof installFlags, readonly [typeof one]>;
export type UninstallValues = Values<typeof uninstallFlags, readonly [typeof one]>;
export type StatusValues = Values<typeof statusFlags, readonly [typeof shown]>;

const install = command({
  name: "install",
  summary: "write the service's file, start it, and see that it runs",
  description: `Installs \`molecule connect\` for a workspace, or for the list of a config file, as a service: by
systemd on Linux, launchd on macOS, the Task Scheduler on Windows. What flags and variables say here of
connect holds for the service; flags of connect follow behind \`--\`. Tokens, and a shared store's address, stay in their files.`,
  flags: installFlags,
  positionals: [one],
  passthrough: PASSTHROUGH,
  examples: [
    "molecule service install <workspace-id> --token-file ./token -- --backend claude-code",
    "sudo molecule service install <workspace-id> --system --token-file /etc/molecule/token",
    "molecule service install --config ./fleet.yaml",
  ],
  run: async (values, context) => (await import("./install-run.ts")).run(values, context),
});

const print = command({
  name: "print",
  summary: "print the service's file and change nothing",
  description:
    "Prints what install would write, with the same flags. It holds no secret, and shows on any system.",
  flags: printFlags,
  positionals: [one],
  passthrough: PASSTHROUGH,
  examples: [
    "molecule service print <workspace-id> --token-file ./token -- --backend claude-code",
    "molecule service print --template --system --token-file /etc/molecule/%i.token",
  ],
  run: async (values, context) => (await import("./print-run.ts")).run(values, context),
});

const uninstall = command({
  name: "uninstall",
  summary: "stop the service and remove its file",
  description:
    "Stops it as a signal does: what is in hand is finished first. State and tokens stay.",
  flags: uninstallFlags,
  positionals: [one],
  examples: ["molecule service uninstall <workspace-id>", "molecule service uninstall"],
  run: async (values, context) => (await import("./uninstall-run.ts")).run(values, context),
});

const status = command({
  name: "status",
  summary: "show the installed services and whether they run",
  description: "Ends with 0 where all that is shown runs, with 1 otherwise.",
  flags: statusFlags,
  positionals: [shown],
  examples: ["molecule service status", "molecule service status <workspace-id> -o json"],
  run: async (values, context) => (await import("./status-run.ts")).run(values, context),
});

export const service = group({
  name: "service",
  summary: "have the system start bridges and keep them running",
  commands: [install, uninstall, status, print],
});
