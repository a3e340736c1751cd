/** `molecule token`: the tokens of a workspace, and those of the organisation. */
import { command, group, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { apiFlags } from "../access/credential-flags.ts";
import { handOverFlags } from "./keep-flags.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";

const org = flag({ type: "boolean", summary: "the tokens of the organisation instead" });

/** Left out with --org, so it is asked for where the command runs. */
const owner = {
  name: "workspaceId",
  summary: "id of the workspace, or its name where an admin token lets names be looked up",
  complete: WORKSPACES,
} as const;

const listFlags = { org, ...apiFlags };
const createFlags = {
  org,
  name: flag({
    type: "string",
    summary: "what a token of the organisation is called, with --org",
    check: (text) => (text.length > 100 ? "must have at most 100 characters" : undefined),
  }),
  ...handOverFlags,
  ...apiFlags,
};
const revokeFlags = {
  org,
  yes: flag({ type: "boolean", short: "y", summary: "do it without a question" }),
  ...apiFlags,
};

const revoked = [
  {
    name: "workspaceOrToken",
    summary: "id of the workspace, or its name; with --org the token",
    required: true,
    complete: WORKSPACES,
  },
  {
    name: "tokenId",
    summary: "the token: its id, the beginning of its id or of itself, or with --org its name",
  },
] as const;

export type ListValues = Values<typeof listFlags, readonly [typeof owner]>;
export type CreateValues = Values<typeof createFlags, readonly [typeof owner]>;
export type RevokeValues = Values<typeof revokeFlags, typeof revoked>;

const list = command({
  name: "list",
  summary: "list the tokens by their first characters",
  description:
    "Nobody can see a token again after it was made: the list has its first eight characters.",
  flags: listFlags,
  positionals: [owner],
  examples: [
    "molecule token list <workspace-id> --token-file ./token",
    "molecule token list --org --api-token-file ./admin.token",
  ],
  run: async (values, context) => (await import("./list-run.ts")).run(values, context),
});

const create = command({
  name: "create",
  summary: "make one more token, and say where it goes",
  description: `The platform shows it only this once, so say where it goes: --save-to, --save or --show-token. A workspace
has at most 50 tokens, an organisation gets at most 10 in an hour.`,
  flags: createFlags,
  positionals: [owner],
  examples: [
    "molecule token create <workspace-id> --save-to ./laptop.token",
    "molecule token create --org --name ci --show-token -o json --api-token-file ./admin.token",
  ],
  run: async (values, context) => (await import("./create-run.ts")).run(values, context),
});

const revoke = command({
  name: "revoke",
  summary: "make a token worthless",
  flags: revokeFlags,
  positionals: revoked,
  examples: [
    "molecule token revoke <workspace-id> Zm9vYmFy",
    "molecule token revoke Zm9vYmFy --org --api-token-file ./admin.token",
  ],
  run: async (values, context) => (await import("./revoke-run.ts")).run(values, context),
});

export const token = group({
  name: "token",
  summary: "see, make and revoke tokens",
  description: `A workspace's token lets its agent connect, and is worth nothing elsewhere; an organisation's does all
that its administrators may. workspace rotate-token replaces all tokens of a workspace by one.`,
  commands: [list, create, revoke],
});
