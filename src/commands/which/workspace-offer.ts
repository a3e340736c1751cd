import type { Offer } from "../../cli/completion/offer.ts";

/** What a shell offers where a workspace is to be named: those that this machine has met. */
export const WORKSPACES: Offer = { listed: ".config/molecule/workspaces.tsv" };
