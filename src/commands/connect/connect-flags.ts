/** The flags of `molecule connect`, and which of them each workspace of a list may set for itself. */
import { flag } from "../../cli/flag.ts";
import { list } from "../../cli/list.ts";
import { LISTEN_FORM, parseListen } from "../../push/listen-address.ts";
import { parseDollars } from "../../shared/dollars.ts";
import { isUuid } from "../../shared/ids.ts";
import { credentialFlags } from "../access/credential-flags.ts";
import { stateDir } from "../access/state-flag.ts";
import { sharingFlags, storeFlags } from "../access/store-flags.ts";
import { backendFlags } from "../backend/backend-flags.ts";
import { ALLOW_FROM_FORM, parseAllowFrom } from "./allow-from.ts";

/** Of one workspace: an entry of the list may set each of them. */
export const ownFlags = {
  tokenFile: credentialFlags.tokenFile,
  orgId: credentialFlags.orgId,
  ...backendFlags,
  mode: flag({
    type: "enum",
    summary: "how messages come in: fetched from the platform, or pushed by it to --public-url",
    values: ["poll", "push"],
    default: "poll",
    config: "guarded",
  }),
  listen: flag({
    type: "string",
    summary: "where pushed messages are awaited on this machine; port 0 takes any that is free",
    default: "127.0.0.1:8787",
    placeholder: "host:port",
    check: (text) => (parseListen(text) === undefined ? LISTEN_FORM : undefined),
    advanced: true,
    config: "guarded",
  }),
  publicUrl: flag({
    type: "string",
    summary: "the address that leads to --listen from the platform, for --mode push",
    placeholder: "url",
    config: "guarded",
  }),
  allowFrom: flag({
    type: "string",
    summary: "whose messages are answered: all, canvas, peers, or ids of workspaces, with commas",
    default: "all",
    placeholder: "who",
    complete: ["all", "canvas", "peers"].map((value) => ({ value })),
    check: (text) => (parseAllowFrom(text) === undefined ? ALLOW_FROM_FORM : undefined),
    config: "guarded",
  }),
  dailyBudget: flag({
    type: "string",
    summary:
      "US dollars that a day's messages may cost, for a backend that tells its costs; no limit if not given",
    placeholder: "usd",
    check: (text) =>
      parseDollars(text) === undefined ? "must be an amount such as 5 or 2.50" : undefined,
    advanced: true,
    config: "guarded",
  }),
  progress: flag({
    type: "enum",
    summary:
      "what is shown of work that goes on: nothing, the task on the workspace's card, or also interim text on the canvas",
    values: ["off", "task", "notify"],
    default: "task",
    advanced: true,
    config: "free",
  }),
  agentName: flag({
    type: "string",
    summary: "name on the agent card; the platform's own name for the workspace if not given",
    placeholder: "name",
    advanced: true,
    config: "free",
  }),
  intervalMs: flag({
    type: "integer",
    summary: "pause between two looks at an idle feed, in milliseconds",
    default: 1000,
    min: 1,
    advanced: true,
    config: "guarded",
  }),
  wake: flag({
    type: "enum",
    summary:
      "whether the workspace's event stream is listened to, so that messages are fetched at once",
    values: ["auto", "off"],
    default: "auto",
    advanced: true,
    config: "guarded",
  }),
  heartbeatMs: flag({
    type: "integer",
    summary: "pause between two heartbeats, in milliseconds",
    default: 30_000,
    min: 1,
    advanced: true,
    config: "guarded",
  }),
  sinceSecs: flag({
    type: "integer",
    summary: "how far back the first run looks, in seconds",
    default: 30,
    min: 0,
    max: 2_592_000,
    advanced: true,
    config: "guarded",
  }),
  concurrency: flag({
    type: "integer",
    summary:
      "messages that are answered at once, each peer's one after the other; if not given, as many as the backend says is safe",
    min: 1,
    max: 256,
    advanced: true,
    config: "guarded",
  }),
  turnLimit: flag({
    type: "integer",
    summary:
      "runs that one peer may cause in an hour, 0 for no limit; if not given, 60 for a backend that costs money. In push mode for all together, 600 if not given",
    min: 0,
    max: 1_000_000,
    advanced: true,
    config: "guarded",
  }),
  maxAttempts: flag({
    type: "integer",
    summary: "runs of one message before its sender is told that it failed",
    default: 5,
    min: 1,
    max: 1000,
    advanced: true,
    config: "guarded",
  }),
  graceSecs: flag({
    type: "integer",
    summary: "how long running work may go on after a stop signal, in seconds",
    default: 30,
    min: 0,
    max: 86_400,
    advanced: true,
    config: "guarded",
  }),
  maxOffline: flag({
    type: "duration",
    summary: "end when the platform has not answered for so long",
    min: "1s",
    advanced: true,
    config: "guarded",
  }),
  maxPaused: flag({
    type: "duration",
    summary: "end when the backend could not work for so long (not logged in, no credit)",
    default: "1h",
    min: "1s",
    advanced: true,
    config: "guarded",
  }),
  onReply: flag({
    type: "enum",
    summary: "what to do with answers to us: show them to the backend, or not",
    values: ["run", "skip"],
    default: "run",
    advanced: true,
    config: "guarded",
  }),
  waitLock: flag({
    type: "boolean",
    summary: "if another bridge has the workspace, wait for its end and take over",
    advanced: true,
    config: "guarded",
  }),
};

/** Of the process. */
const shared = {
  stateDir,
  ...storeFlags,
  ...sharingFlags,
  health: flag({
    type: "string",
    summary: "where health checks and metrics are served; nowhere if not given",
    placeholder: "host:port",
    check: (text) => (parseListen(text) === undefined ? LISTEN_FORM : undefined),
    advanced: true,
    config: "guarded",
  }),
  once: flag({ type: "boolean", summary: "settle the messages that are there, then end" }),
  dryRun: flag({
    type: "boolean",
    summary: "check the backend, the address and the token, change nothing, and end",
  }),
  logFormat: flag({
    type: "enum",
    summary: "form of the log on standard error",
    values: ["text", "json"],
    default: "text",
    advanced: true,
    config: "free",
  }),
};

/** All of them, in the order in which help shows them. */
export const flags = { token: credentialFlags.token, ...ownFlags, ...shared };

export const lists = {
  workspaces: list({
    summary: "workspaces that one process answers, each with settings of its own",
    key: "id",
    flags: {
      id: flag({
        type: "string",
        summary: "id of the workspace",
        check: (text) => (isUuid(text) ? undefined : "must be the id of a workspace, a UUID"),
        config: "guarded",
      }),
      tokenEnv: flag({
        type: "string",
        summary: "name of the variable that holds the token of the workspace",
        check: (text) =>
          /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? undefined : "must be the name of a variable",
        namesSecret: true,
        config: "guarded",
      }),
      ...ownFlags,
    },
    config: "guarded",
  }),
};
