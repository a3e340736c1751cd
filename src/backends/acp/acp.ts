/** Any agent that speaks the Agent Client Protocol, with one session for each conversation. */
import { resolve } from "node:path";
import { MoleculeError } from "../../shared/errors.ts";
import { locate, PRESETS, readCommand } from "./presets.ts";
import { RESTART_CAP_MS } from "./keeper.ts";
import { AcpRuns, type AcpSettings } from "./run.ts";
import type { BackendType, OptionValues } from "../backend.ts";
import { childEnv } from "../process/child-env.ts";
import { requireFolder } from "../process/folder.ts";
import { notFound } from "../process/program.ts";

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
    cwd: { type: "string", summary: "the folder to work in; default: this one" },
    timeout: { type: "duration", summary: "how long an answer may take", default: "10m" },
    start_timeout: {
      type: "duration",
      summary: "how long it may take to start, and to open a session",
      default: "1m",
    },
  },
  create(options, parts) {
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
      run: (request, signal, hooks) => runs.run(request, signal, hooks),
      close: () => runs.close(),
    };
  },
};

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
