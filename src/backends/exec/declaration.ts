/** The exec backend as it is declared: parsing and help follow from this. */
import type { BackendType } from "../backend.ts";

/** The backend: `cmd` is its only option that must be given. */
export const exec: BackendType = {
  name: "exec",
  summary: "runs a command of yours for each message; what it prints is the answer",
  options: {
    cmd: {
      type: "string",
      summary: "the command, run by the shell; it reads the message on stdin",
      required: true,
    },
    format: {
      type: "enum",
      summary:
        "what it reads: the message's text, or all of the message as one line of JSON; then it may answer in JSON, too",
      values: ["text", "json"],
      default: "text",
    },
    timeout: { type: "duration", summary: "how long it may take", default: "60s" },
    cwd: {
      type: "string",
      summary: "the folder to run it in; default: this one",
      complete: "folder",
    },
    pass_meta: {
      type: "boolean",
      summary: "give it MOLECULE_CALLER_ID and the like as variables",
      default: "true",
    },
    max_output: {
      type: "bytes",
      summary: "the longest answer; the rest is cut off (a reply carries a little more than 900k)",
      default: "900k",
    },
  },
  create: async (options, parts) => (await import("./create.ts")).createExec(options, parts),
};
