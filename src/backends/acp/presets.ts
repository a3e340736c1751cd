/** Which program is the agent: a command of the operator's, or one of those that we know by name. */
import { isAbsolute, resolve } from "node:path";
import { UsageError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import {
  CLAUDE_GUARD,
  CODEX_GUARD,
  GEMINI_GUARD,
  type Guard,
  OPENCODE_GUARD,
  UNKNOWN_GUARD,
} from "./guard.ts";
import { type PresetName, PRESETS } from "./declaration.ts";
import { CLAUDE_DEFAULTS, CLAUDE_WALLS } from "../claude/env.ts";
import { findProgram } from "../process/program.ts";
import { splitWords } from "../process/words.ts";

/** How an agent is started. */
export interface AgentCommand {
  /** Program and arguments. */
  words: [program: string, ...args: string[]];
  /** Variables that it gets unless the operator has set them. */
  env: Record<string, string>;
  /** Variables that it gets whatever the operator has set. */
  walls: Record<string, string>;
  /** What denying takes with it. */
  guard: Guard;
  /** What it means that it opens a session. */
  session: SessionMeaning;
  /** What to do where the program is missing. */
  hint: string;
}

/**
 * `login`: it opens one only where it is logged in. `nothing`: it opens one for anybody, and refuses the
 * prompt. `unsure`: nobody knows, so that only a refusal tells.
 */
export type SessionMeaning = "login" | "nothing" | "unsure";

interface Preset extends Pick<AgentCommand, "words" | "guard" | "session"> {
  env?: Record<string, string>;
  walls?: Record<string, string>;
  /** What to install with npm. */
  npm: string;
}

const KNOWN: Record<PresetName, Preset> = {
  claude: {
    words: ["claude-agent-acp"],
    env: CLAUDE_DEFAULTS,
    walls: CLAUDE_WALLS,
    guard: CLAUDE_GUARD,
    session: "nothing",
    npm: "@agentclientprotocol/claude-agent-acp",
  },
  codex: {
    words: ["codex-acp"],
    guard: CODEX_GUARD,
    session: "login",
    npm: "@agentclientprotocol/codex-acp",
  },
  gemini: {
    words: ["gemini", "--acp"],
    guard: GEMINI_GUARD,
    session: "login",
    npm: "@google/gemini-cli",
  },
  opencode: {
    words: ["opencode", "acp"],
    // Else it would end its work without an answer over each thing that it is refused.
    env: { OPENCODE_CONFIG_CONTENT: `{"experimental":{"continue_loop_on_deny":true}}` },
    guard: OPENCODE_GUARD,
    // Some models cost nothing, and ask for no login.
    session: "nothing",
    npm: "opencode-ai",
  },
};

/** The command that the options name. Throws a UsageError unless exactly one of them is given and can be read. */
export function readCommand(command: string | undefined, preset: string | undefined): AgentCommand {
  if ((command === undefined) === (preset === undefined)) {
    throw new UsageError(
      `the acp backend needs exactly one of its options command and preset`,
      `name an agent that is known (--backend-opt preset=${PRESETS.join("|")}), or give the command of another: --backend-opt command="my-agent --acp"`,
    );
  }
  if (command === undefined) return fromPreset(KNOWN[preset as PresetName]);
  const [program, ...args] = splitWords(command) ?? [];
  if (program === undefined || program === "") {
    throw new UsageError(
      `option command of the acp backend can't be "${oneLine(command, 60)}": it names no program, a quote is not closed, or it ends in a backslash`,
    );
  }
  return {
    words: [program, ...args],
    env: {},
    walls: {},
    guard: UNKNOWN_GUARD,
    session: "unsure",
    hint: "install it, add its folder to PATH, or write its path in --backend-opt command=…",
  };
}

/**
 * The path of the program; undefined where it is missing or may not be executed. A relative path counts
 * from the folder that it is run in.
 */
export function locate(
  { words: [program] }: AgentCommand,
  cwd: string,
  env: Record<string, string>,
): string | undefined {
  const isPath = /[\\/]/.test(program);
  return findProgram(isPath && !isAbsolute(program) ? resolve(cwd, program) : program, env);
}

function fromPreset({ words, env = {}, walls = {}, guard, session, npm }: Preset): AgentCommand {
  return {
    words,
    env,
    walls,
    guard,
    session,
    hint: `install it (npm install -g ${npm}), or name another agent with --backend-opt command=…`,
  };
}
