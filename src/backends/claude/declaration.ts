/** The claude-code backend as it is declared: parsing and help follow from this. */
import type { BackendType } from "../backend.ts";

/** US dollars: what claude takes for a limit must be above zero. */
export const LEAST_BUDGET_USD = 0.0001;

/** The backend: no option must be given. */
export const claudeCode: BackendType = {
  name: "claude-code",
  summary: "runs Claude Code (claude -p) for each message; it remembers each conversation",
  options: {
    bin: {
      type: "string",
      summary: "the program: a name on the PATH, or a path",
      default: "claude",
    },
    args: {
      type: "string",
      summary: "more arguments for it, split as a shell would (--effort high)",
      default: "",
    },
    model: { type: "string", summary: "the model, by name or alias; default: claude's own choice" },
    system_prompt: { type: "string", summary: "a system prompt in place of claude's own" },
    append_system_prompt: { type: "string", summary: "what to add to its system prompt" },
    permission_mode: {
      type: "enum",
      summary:
        "which tools it may use unasked; with dontAsk those that allowed_tools and its settings allow, and what only reads in its folder: all else is refused; Bash only where allowed_tools names it, or with auto or bypassPermissions",
      values: ["dontAsk", "default", "acceptEdits", "plan", "auto", "bypassPermissions"],
      default: "dontAsk",
    },
    allowed_tools: {
      type: "string",
      summary:
        'tools that it may use, as claude writes them ("Bash(git *) Edit"); with any Bash among them it may read all that you can: not every version asks before it runs `cat < FILE`',
    },
    max_budget_usd: {
      type: "number",
      summary: "what one answer may cost, in US dollars; default: no limit",
      min: LEAST_BUDGET_USD,
    },
    session: {
      type: "enum",
      summary: "whether it remembers what was said before in the same conversation",
      values: ["conversation", "none"],
      default: "conversation",
    },
    pass_meta: {
      type: "boolean",
      summary: "give it MOLECULE_CALLER_ID and the like as variables",
      default: "true",
    },
    timeout: { type: "duration", summary: "how long an answer may take", default: "5m" },
    cwd: {
      type: "string",
      summary: "the folder to work in; default: this one",
      complete: "folder",
    },
  },
  create: async (options, parts) => (await import("./create.ts")).createClaude(options, parts),
};
