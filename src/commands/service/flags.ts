/** Flags of the commands that manage services. */
import type { Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { credentialFlags } from "../access/credential-flags.ts";
import { MANAGERS } from "./manager.ts";

export const system = flag({
  type: "boolean",
  summary: "a service of the system, from start-up on, in place of one of the user",
});

export const force = flag({
  type: "boolean",
  summary: "also where the file was changed, or was not written by this tool",
});

/** What a service is made of. */
export const specFlags = {
  system,
  template: flag({
    type: "boolean",
    summary: "the template molecule@.service, whose instances are workspaces (systemd)",
  }),
  tokenFile: credentialFlags.tokenFile,
  runAs: flag({
    type: "string",
    summary: "user that a service of the system runs as; who called sudo if not given",
    placeholder: "user",
    check: (value) =>
      /^[A-Za-z_][\w.-]*\$?$/.test(value) ? undefined : "must be the name of a user",
  }),
  folder: flag({
    type: "string",
    summary: "folder that it works in; the current one if not given",
    placeholder: "folder",
    complete: "folder",
    advanced: true,
  }),
  env: flag({
    type: "strings",
    summary: "variable that it gets, beside PATH and proxies; others can read it",
    placeholder: "NAME=VALUE",
    advanced: true,
    check: (value) => (/^[A-Za-z_]\w*=/.test(value) ? undefined : "must have the form NAME=VALUE"),
  }),
  envFile: flag({
    type: "string",
    summary: "file with more variables, for what is secret (systemd)",
    placeholder: "file",
    complete: "file",
    advanced: true,
  }),
};

export const printFlags = {
  ...specFlags,
  manager: flag({
    type: "enum",
    summary: "for which manager; this system's if not given",
    values: MANAGERS,
  }),
};

export const installFlags = {
  ...specFlags,
  start: flag({
    type: "boolean",
    default: true,
    summary: "start it, and have it started from now on",
  }),
  force,
};

export type SpecValues = Values<typeof specFlags, readonly [typeof workspaceId]>;

export const workspaceId = {
  name: "workspaceId",
  summary: "id of the workspace; without it, the workspaces of a config file's list",
} as const;
