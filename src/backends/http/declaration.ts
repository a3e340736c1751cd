/** The http backend as it is declared: parsing and help follow from this. */
import type { BackendType } from "../backend.ts";

/** The backend: `url` is its only option that must be given. */
export const http: BackendType = {
  name: "http",
  summary: "forwards each message to an agent that serves HTTP: A2A, or JSON of our own",
  options: {
    url: {
      type: "string",
      summary: "where it takes messages: http://localhost:PORT/PATH",
      required: true,
    },
    format: {
      type: "enum",
      summary: "a2a: JSON-RPC as A2A has it; raw: the message as one JSON object, as exec has it",
      values: ["a2a", "raw"],
      default: "a2a",
    },
    protocol: {
      type: "enum",
      summary: "the version of A2A; auto: what the agent's card says",
      values: ["auto", "0.3", "1.0"],
      default: "auto",
    },
    header: { type: "text", summary: "a header to be sent with each request", named: true },
    timeout: { type: "duration", summary: "how long an answer may take", default: "5m" },
    max_answer: {
      type: "bytes",
      summary: "the longest answer; the rest is cut off (a reply carries a little more than 900k)",
      default: "900k",
    },
    session: {
      type: "enum",
      summary: "conversation: the agent is told what belongs together; none: each stands alone",
      values: ["conversation", "none"],
      default: "conversation",
    },
  },
  create: async (options, parts) => (await import("./create.ts")).createHttp(options, parts),
};
