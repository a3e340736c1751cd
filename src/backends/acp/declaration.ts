/** The acp backend as it is declared: parsing and help follow from this. */
import type { BackendType } from "../backend.ts";

/** The agents that are known by name; how each is started is in `presets.ts`. */
export const PRESETS = ["claude", "codex", "gemini", "opencode"] as const;

export type PresetName = (typeof PRESETS)[number];

/** The backend: `preset` or `command` must be given, and not both. */
export const acp: BackendType = {
  name: "acp",
  summary: "keeps an agent running that speaks the Agent Client Protocol: Claude, Codex, Gemini, …",
  options: {
    preset: {
      type: "enum",
      summary: "an agent that is known by name",
      values: PRESETS,
    },
    command: {
      type: "string",
      summary: "the command of another agent, split as a shell would; no shell runs it",
    },
    permissions: {
      type: "enum",
      summary:
        "what it hears when it asks whether it may do something. With deny, those known by name are also set to ask, or kept from it; another agent may do without asking what its own settings let it",
      values: ["deny", "allow"],
      default: "deny",
    },
    session: {
      type: "enum",
      summary: "whether it remembers what was said before in a conversation",
      values: ["conversation", "none"],
      default: "conversation",
    },
    mode: {
      type: "string",
      summary: "the mode to work in, by the agent's own name for it; counts over permissions",
    },
    model: { type: "string", summary: "the model to use, by the agent's own name for it" },
    cwd: {
      type: "string",
      summary: "the folder to work in; default: this one",
      complete: "folder",
    },
    timeout: { type: "duration", summary: "how long an answer may take", default: "10m" },
    start_timeout: {
      type: "duration",
      summary: "how long it may take to start, and to open a session",
      default: "1m",
    },
  },
  create: async (options, parts) => (await import("./create.ts")).createAcp(options, parts),
};
