/** `molecule dev` without a further word, as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { stateDir } from "../access/state-flag.ts";
import { backendFlags } from "../backend/backend-flags.ts";

// What files and variables say of them is for connect to read, and no reason to refuse a platform without
// a bridge: here they are what is typed.
const { config: _, ...backend } = backendFlags.backend;
const { config: __, ...backendOpt } = backendFlags.backendOpt;

const flags = {
  port: flag({
    type: "integer",
    summary: "port on the loopback address; 0 picks a free one",
    default: 8080,
    min: 0,
    max: 65_535,
  }),
  db: flag({
    type: "string",
    summary: "SQLite file of the platform; ~/.config/molecule/dev/platform.db if not given",
    placeholder: "file",
    complete: "file",
  }),
  ephemeral: flag({ type: "boolean", summary: "keep nothing: a platform in memory" }),
  open: flag({ type: "boolean", summary: "open the page in the browser" }),
  connect: flag({ type: "boolean", summary: "run a bridge that answers as the agent" }),
  backend,
  backendOpt,
  stateDir,
  rateLimit: flag({
    type: "integer",
    summary: "requests a minute that one client may make; 0 for no limit",
    default: 600,
    min: 0,
    max: 1_000_000,
    advanced: true,
  }),
  revision: flag({
    type: "enum",
    summary: "revision of the platform's contract; r1 is the older one",
    values: ["r1", "r2"],
    default: "r2",
  }),
  tenantOrg: flag({
    type: "string",
    summary: "be a hosted tenant of this organisation, which its callers have to name",
    placeholder: "id",
    check: (value) =>
      /^[\x21-\x7e]{1,200}$/.test(value) ? undefined : "must be one word of printable characters",
    advanced: true,
  }),
  lateCommits: flag({
    type: "duration",
    summary:
      "show one message in three up to this much late, out of order, as a slow database would",
    max: "5s",
    advanced: true,
  }),
};

export type ServeValues = Values<typeof flags, []>;

export const serve = command({
  name: "serve",
  summary: "serve the platform",
  description: `Serves the platform's API on the loopback address, with a workspace to connect as and two peers, and
a page to watch it and to talk to its agents. It is for trying and testing, on this machine only. When
it is ready it prints the page's link and what to paste next on standard output (with -o json as one
line for scripts), and runs until it is stopped.`,
  more: `With --connect a bridge in the same process answers as the agent, with the backend and all else that
variables and config files say to molecule connect, but for the mode and the health server. A first
signal finishes what it has in hand, a second one stops at once. Where the bridge ends for good, the
platform goes on. With --ephemeral the bridge's state goes with the platform, unless --state-dir is
given.

The page finds the bridges of this machine by their state (--state-dir).

A platform of revision r1 has no seq in its feed, takes a repeated message for a new one, cuts
messages at 1 MiB, believes a sender without a token to be the person at the canvas, and calls a
workspace absent after 90 seconds instead of 180. Try against both what is to work with both.`,
  flags,
  examples: [
    "molecule dev --open",
    "molecule dev --connect --backend exec --backend-opt cmd='tr a-z A-Z'",
    "molecule dev --ephemeral --port 0 -o json",
  ],
  run: async (values, context) => (await import("./serve-run.ts")).run(values, context),
});
