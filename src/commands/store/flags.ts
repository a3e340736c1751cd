/** The flags of the commands that are about nothing but a shared store. */
import { flag } from "../../cli/flag.ts";
import { stateDir } from "../access/state-flag.ts";
import { storeFlags } from "../access/store-flags.ts";

/** Here they are no special case. */
const ofStore = {
  store: { ...storeFlags.store, advanced: false },
  storeFile: { ...storeFlags.storeFile, advanced: false },
};

export const migrateFlags = {
  ...ofStore,
  stateDir: { ...stateDir, advanced: false },
  all: flag({
    type: "boolean",
    summary: "all workspaces that the state folder keeps something of",
  }),
  dryRun: flag({ type: "boolean", summary: "only tell what would be done" }),
};

export const statusFlags = {
  ...ofStore,
  limit: flag({
    type: "integer",
    summary: "workspaces that are shown at most; they are counted all the same",
    default: 100,
    min: 0,
    max: 1_000_000,
  }),
};
