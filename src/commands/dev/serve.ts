/** `molecule dev` without a further word, as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";

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
  rateLimit: flag({
    type: "integer",
    summary: "requests a minute that one client may make; 0 for no limit",
    default: 600,
    min: 0,
    max: 1_000_000,
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
  description: `Serves the platform's API on the loopback address, with a workspace to connect as and two peers. It
is for trying and testing, on this machine only. When it is ready it prints what to paste next on
standard output (with -o json as one line for scripts), and runs until it is stopped.`,
  more: `A platform of revision r1 has no seq in its feed, takes a repeated message for a new one, cuts
messages at 1 MiB, believes a sender without a token to be the person at the canvas, and calls a
workspace absent after 90 seconds instead of 180. Try against both what is to work with both.`,
  flags,
  examples: ["molecule dev", "molecule dev --ephemeral --port 0 -o json"],
  run: async (values, context) => (await import("./serve-run.ts")).run(values, context),
});
