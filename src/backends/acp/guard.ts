/** What `permissions=deny` takes beside refusing: most agents do some things without asking. */
import { denials } from "../claude/denials.ts";

/** Holds for as long as all that is asked for is denied. */
export interface Guard {
  /** Variables, over those of the operator: what allows it all in a terminal is not meant for strangers. */
  env?: Readonly<Record<string, string>>;
  /** The modes in which it asks. The first is set where it begins in none of them. */
  modes?: readonly string[];
  /** `_meta` of the sessions of an agent with this environment, in this folder (ACP, "Extensibility"). */
  meta?(env: Record<string, string>, cwd: string): object;
  /** What the operator should know, said at the first start. */
  note?: string;
}

/**
 * Claude Code runs commands that it takes for harmless unasked (`cat < any/file`): without the tool it runs
 * none. And it reads what it has kept of its other conversations. The adapter passes these options on.
 */
export const CLAUDE_GUARD: Guard = {
  modes: ["default", "plan", "dontAsk"],
  meta(env, cwd) {
    const settings = { permissionMode: "default", allowedTools: undefined, args: [], cwd };
    const disallowedTools = denials(settings, env).map((flag) => flag.replace(/^[^=]*=/, ""));
    return { claudeCode: { options: { disallowedTools } } };
  },
};

/** Its sandbox keeps what it runs from writing and from the network; in its other modes it asks for little. */
export const CODEX_GUARD: Guard = { modes: ["read-only"] };

/** A mode in which it does more unasked may stand in its settings. */
export const GEMINI_GUARD: Guard = { modes: ["default", "plan"] };

/**
 * It asks for nothing unless it is told to. What is named here counts over the same name in its settings;
 * what those let one of its agents do stands. What only reads in its folder it may do, as the others may.
 */
export const OPENCODE_GUARD: Guard = {
  env: {
    OPENCODE_PERMISSION: JSON.stringify({
      "*": "ask",
      edit: "ask",
      bash: "ask",
      webfetch: "ask",
      external_directory: "ask",
      read: { "*": "allow", "*.env": "ask", "*.env.*": "ask", "*.env.example": "allow" },
      glob: "allow",
      grep: "allow",
      list: "allow",
      todowrite: "allow",
    }),
  },
};

/** For an agent that we know nothing of. */
export const UNKNOWN_GUARD: Guard = {
  note: "permissions=deny refuses what the agent asks for, and does not keep it from what it does without asking: see to its own settings",
};
