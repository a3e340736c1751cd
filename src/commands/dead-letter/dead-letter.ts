/** `molecule dead-letter`: the messages that were given up, as it is declared. */
import { command, group, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { stateDir } from "../access/state-flag.ts";
import { storeFlags } from "../access/store-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const placeFlags = { stateDir, ...storeFlags };

const workspaceId = {
  name: "workspaceId",
  summary: "id of the workspace",
  required: true,
  complete: WORKSPACES,
} as const;

const list = command({
  name: "list",
  config: "lenient",
  summary: "list the messages that were given up, oldest first",
  flags: placeFlags,
  positionals: [workspaceId],
  examples: ["molecule dead-letter list <workspace-id>"],
  run: async (values, context) => (await import("./dead-letter-run.ts")).list(values, context),
});

const letterId = {
  name: "id",
  summary: "id of the message, or its beginning as far as it is clear",
  required: true,
} as const;

const show = command({
  name: "show",
  config: "lenient",
  summary: "show a message that was given up: what it says, and why it was given up",
  description: `Prints the message, and the answer to it where there is one that could not be delivered. With -o json or
yaml also the whole row as the platform gave it.`,
  flags: placeFlags,
  positionals: [workspaceId, letterId],
  examples: ["molecule dead-letter show <workspace-id> 4f9a"],
  run: async (values, context) => (await import("./dead-letter-run.ts")).show(values, context),
});

const manyFlags = {
  ...placeFlags,
  all: flag({ type: "boolean", summary: "all of them, instead of one" }),
};
const manyPositionals = [workspaceId, { ...letterId, required: false }] as const;

export type ListValues = Values<typeof placeFlags, readonly [typeof workspaceId]>;
export type ShowValues = Values<typeof placeFlags, readonly [typeof workspaceId, typeof letterId]>;
export type ManyValues = Values<typeof manyFlags, typeof manyPositionals>;

const retry = command({
  name: "retry",
  config: "lenient",
  summary: "take a message up again",
  description: `An answer that could not be delivered is posted again; any other message is run again. A running bridge
takes it up at once, a stopped one at its next start.`,
  flags: manyFlags,
  positionals: manyPositionals,
  examples: [
    "molecule dead-letter retry <workspace-id> 4f9a",
    "molecule dead-letter retry <workspace-id> --all",
  ],
  run: async (values, context) => (await import("./dead-letter-run.ts")).retry(values, context),
});

const drop = command({
  name: "drop",
  config: "lenient",
  summary: "give a message up for good",
  flags: manyFlags,
  positionals: manyPositionals,
  examples: ["molecule dead-letter drop <workspace-id> 4f9a"],
  run: async (values, context) => (await import("./dead-letter-run.ts")).drop(values, context),
});

export const deadLetter = group({
  name: "dead-letter",
  summary: "see, retry or drop the messages that were given up",
  description: `A message goes to the dead letters when its run failed, or when its answer could not be delivered. It is
kept whole until it is retried or dropped. These commands work while the bridge runs, and while it is
stopped; they need no platform. With --store-file or MOLECULE_STORE they look into the store that bridges
share, on whichever machine the workspace is served.`,
  commands: [list, show, retry, drop],
});
