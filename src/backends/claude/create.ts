/** Claude Code, headless: one `claude -p` for each message, in the session of its conversation. */
import { MoleculeError } from "../../shared/errors.ts";
import type { Backend, BackendParts, OptionValues } from "../backend.ts";
import { readSettings } from "./args.ts";
import { ClaudeConversations } from "./conversation.ts";
import { askLogin } from "./login.ts";
import { claudeEnv, INSTALL_HINT } from "./run.ts";
import { ClaudeVersion } from "./version.ts";
import { requireFolder } from "../process/folder.ts";
import { findProgram, notFound } from "../process/program.ts";

/** Throws a UsageError where `args` can't be split, or holds what other options are for. */
export function createClaude(options: OptionValues, parts: BackendParts): Backend {
  const settings = readSettings(options);
  const conversations = new ClaudeConversations(settings, parts);
  const version = new ClaudeVersion(parts);
  return {
    timeoutMs: settings.timeoutMs,
    takesEmptyText: false,
    costsMoney: true,
    reportsCost: true,
    readsFiles: true,
    leavesFiles: true,
    concurrency: 1,
    async check() {
      requireFolder("claude-code", settings.cwd);
      const env = claudeEnv(parts);
      const program = findProgram(settings.bin, env);
      if (program === undefined) {
        throw new MoleculeError(notFound(settings.bin), { hint: INSTALL_HINT });
      }
      await version.require(program, env);
    },
    login: (signal) => askLogin(settings, parts, version, signal),
    run: (request, signal, hooks) => conversations.run(request, signal, hooks),
  };
}
