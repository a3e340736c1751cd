/** `molecule store`: the Postgres that bridges on several machines share, as it is declared. */
import { command, group, type Values } from "../../cli/command.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";
import { migrateFlags, statusFlags } from "./flags.ts";

const movedIds = [
  {
    name: "workspaceId",
    summary: "ids of workspaces whose local state is moved into the store",
    many: true,
    complete: WORKSPACES,
  },
] as const;

const shownId = [
  { name: "workspaceId", summary: "only this workspace", complete: WORKSPACES },
] as const;

export type MigrateValues = Values<typeof migrateFlags, typeof movedIds>;
export type StatusValues = Values<typeof statusFlags, typeof shownId>;

const migrate = command({
  name: "migrate",
  summary: "bring the store's tables up to date, and move local state in",
  description: `Makes the tables, or brings them up to date: once, as a user who may, where that of the bridges may not.
Then it moves in what the state folder keeps of the workspaces named, or of --all. Their bridges must be
stopped. The local files get the ending .moved; until then nothing is lost, and it can be run again.`,
  more: `A user of the bridges who does not own the tables needs these rights (psql):

  GRANT USAGE ON SCHEMA molecule TO bridges;
  GRANT SELECT, INSERT, UPDATE, DELETE
    ON ALL TABLES IN SCHEMA molecule TO bridges;`,
  flags: migrateFlags,
  positionals: movedIds,
  config: "lenient",
  examples: [
    "molecule store migrate --store-file ./store",
    "molecule store migrate --store-file ./store --all --dry-run",
  ],
  run: async (values, context) => (await import("./migrate-run.ts")).run(values, context),
});

const status = command({
  name: "status",
  summary: "show who shares the store, and how its workspaces stand",
  description: `Shows the processes that share the store, and of each workspace who has it, its fencing number, what is
in hand, and its cursor. It reads only.`,
  flags: statusFlags,
  positionals: shownId,
  config: "lenient",
  examples: [
    "molecule store status --store-file ./store",
    "molecule store status <workspace-id> --store-file ./store -o json",
  ],
  run: async (values, context) => (await import("./status-run.ts")).run(values, context),
});

export const store = group({
  name: "store",
  summary: "see the Postgres that bridges share, and move local state into it",
  commands: [migrate, status],
});
