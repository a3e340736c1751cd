/** The acp backend with an agent for tests behind it. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createAcp } from "../../src/backends/acp/create.ts";
import { acp } from "../../src/backends/acp/declaration.ts";
import { UNKNOWN_GUARD } from "../../src/backends/acp/guard.ts";
import { readCommand } from "../../src/backends/acp/presets.ts";
import type { Backend, BackendRequest, Outcome, RunHooks } from "../../src/backends/backend.ts";
import { parseOptions } from "../../src/backends/options.ts";
import { type Clock, systemClock } from "../../src/shared/clock.ts";
import { never, request, script, TestParts } from "../unit/backends/support.ts";
import { pathWith, WINDOWS } from "./platform.ts";
import { tmpFolder } from "./tmp.ts";

const AGENT = resolve(import.meta.dir, "acp-agent.ts");
const RAW_AGENT = resolve(import.meta.dir, "acp-agent-raw.ts");

export interface LabOptions {
  /** What the agent offers (see acp-agent.ts). */
  offers?: string;
  /** How the raw agent is to be born, instead of the agent. */
  raw?: string;
  /** The whole command, instead. */
  command?: string;
  /** Names the agent as if it were that one, by which it is found on the PATH. */
  preset?: "claude" | "codex" | "gemini" | "opencode";
  options?: string[];
  env?: Record<string, string>;
  clock?: Clock;
  /** Of an earlier lab, whose sessions and memory are to be found. */
  after?: AcpLab;
}

/** A clock whose waits are that many times shorter, for what takes seconds to be given up. */
export function hurried(times: number): Clock {
  return { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / times, signal) };
}

/** Ends its agent and removes its folder when it is disposed of. */
export class AcpLab implements AsyncDisposable {
  readonly parts: TestParts;
  readonly backend: Backend;
  /** Where the agent works. */
  readonly cwd: string;
  /** In the environment of all that it starts. */
  readonly mark = `molecule-test-${crypto.randomUUID()}`;
  /** The processes of the runs, in order. */
  readonly pids: number[] = [];
  readonly tasks: string[] = [];
  /** How often it was said that an unknown agent need not ask. */
  readonly caveats: string[] = [];
  readonly texts: string[] = [];
  readonly #folder = tmpFolder();

  constructor(lab: LabOptions = {}) {
    this.cwd = lab.after?.cwd ?? this.#folder.path;
    const env = {
      PATH: pathWith(this.#folder.path),
      ACP_AGENT: lab.offers ?? "",
      ACP_AGENT_STORE: this.cwd,
      ACP_MARK: this.mark,
      ...lab.env,
    };
    this.parts = new TestParts(env, lab.clock ?? systemClock);
    for (const [key, value] of lab.after?.parts.memory.kept ?? []) {
      this.parts.memory.kept.set(key, value);
    }
    const agent = lab.raw === undefined ? `"${AGENT}"` : `"${RAW_AGENT}" ${lab.raw}`;
    const command = lab.command ?? `"${process.execPath}" ${agent}`;
    this.#catchCaveats();
    const how = lab.preset === undefined ? `command=${command}` : `preset=${lab.preset}`;
    if (lab.preset !== undefined) {
      const [program] = readCommand(undefined, lab.preset).words;
      // As npm installs it.
      if (WINDOWS) writeFileSync(join(this.#folder.path, `${program}.cmd`), `@${command} %*\r\n`);
      else script(this.#folder.path, program, `exec ${command}`);
    }
    const given = [how, `cwd=${this.cwd}`, ...(lab.options ?? [])];
    this.backend = createAcp(parseOptions(acp, given), this.parts);
  }

  run(over: Partial<BackendRequest> | string = {}, signal = never): Promise<Outcome> {
    const asked = typeof over === "string" ? { text: over } : over;
    const hooks: RunHooks = {
      onChild: (pid) => void this.pids.push(pid),
      onTask: (task) => void this.tasks.push(task),
      onText: (text) => void this.texts.push(text),
    };
    return this.backend.run(request(asked), signal, hooks);
  }

  /** The text of the answer; an error where it is none. */
  async ask(over: Partial<BackendRequest> | string = {}): Promise<string> {
    const outcome = await this.run(over);
    if (outcome.kind === "answer") return outcome.text;
    throw new Error(`no answer: ${JSON.stringify(outcome)}`);
  }

  /** What is said of every agent that is not known is not to stand in each test. */
  #catchCaveats(): void {
    const { onNote } = this.parts;
    this.parts.onNote = (text) =>
      text === UNKNOWN_GUARD.note ? void this.caveats.push(text) : onNote(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.close?.();
    this.#folder[Symbol.dispose]();
  }
}
