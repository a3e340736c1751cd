/** Any agent that speaks the Agent Client Protocol, with one session for each conversation. */
import { resolve } from "node:path";
import { MoleculeError } from "../../shared/errors.ts";
import { askLogin } from "./login.ts";
import { locate, readCommand } from "./presets.ts";
import { RESTART_CAP_MS } from "./keeper.ts";
import { AcpRuns, type AcpSettings } from "./run.ts";
import type { Backend, BackendParts, OptionValues } from "../backend.ts";
import { childEnv } from "../process/child-env.ts";
import { requireFolder } from "../process/folder.ts";
import { notFound } from "../process/program.ts";

/** Throws a UsageError unless the options name one agent. */
export function createAcp(options: OptionValues, parts: BackendParts): Backend {
  const settings = read(options);
  const { command, cwd, timeoutMs, startTimeoutMs } = settings;
  const runs = new AcpRuns(settings, parts);
  return {
    // It may have to be started, after a wait, and its session to be opened.
    timeoutMs: timeoutMs + 2 * startTimeoutMs + RESTART_CAP_MS,
    takesEmptyText: false,
    costsMoney: true,
    reportsCost: false,
    readsFiles: true,
    leavesFiles: true,
    // Two of them at work in one folder would get in each other's way.
    concurrency: 1,
    async check() {
      requireFolder("acp", cwd);
      if (locate(command, cwd, childEnv(parts)) !== undefined) return;
      throw new MoleculeError(notFound(command.words[0]), { hint: command.hint });
    },
    login: (signal) => askLogin(settings, parts, signal),
    run: (request, signal, hooks) => runs.run(request, signal, hooks),
    close: () => runs.close(),
  };
}

function read(options: OptionValues): AcpSettings {
  const text = (name: string) => (options[name] === undefined ? undefined : String(options[name]));
  const command = readCommand(text("command"), text("preset"));
  const permissions = options.permissions === "allow" ? "allow" : "deny";
  return {
    command,
    cwd: resolve(text("cwd") ?? "."),
    permissions,
    guard: permissions === "deny" ? command.guard : {},
    remembers: options.session !== "none",
    choices: { mode: text("mode"), model: text("model") },
    timeoutMs: Number(options.timeout),
    startTimeoutMs: Number(options.start_timeout),
    client: { name: "molecule", version: "1" },
  };
}
