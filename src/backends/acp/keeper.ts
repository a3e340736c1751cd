/** Keeps one agent running: starts it when it is needed, and again when it has ended. */
import { fullJitter } from "../../shared/backoff.ts";
import { LATE, STOPPED, within } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { getNumber, getString, tryParseJson } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { AcpConnection, PROTOCOL_VERSION } from "./connection.ts";
import { outcomeOfError } from "./errors.ts";
import { agentEnv } from "./environment.ts";
import { type AgentCommand, locate } from "./presets.ts";
import type { Guard } from "./guard.ts";
import { absent, again, otherVersion, unable } from "./start-outcomes.ts";
import type { BackendParts, Outcome } from "../backend.ts";
import { isFolder } from "../process/folder.ts";
import { endLeftovers } from "../process/leftovers.ts";
import { notFound } from "../process/program.ts";

/** The waits between starts that fail, in milliseconds: full jitter between these. */
export const RESTART_BASE_MS = 1_000;
export const RESTART_CAP_MS = 30_000;

/** Where it is kept in the memory which process runs, so that one of a dead bridge is found. */
export const PROCESS_KEY = "process";

export interface KeeperSettings {
  command: AgentCommand;
  guard: Guard;
  /** Absolute. */
  cwd: string;
  startTimeoutMs: number;
  /** What the agent learns of us. */
  client: { name: string; version: string };
}

export type Ready =
  { kind: "ready"; connection: AcpConnection } | { kind: "ended"; outcome: Outcome };

export class AcpKeeper {
  /** The message that it works for, where it is one only. */
  activityId: string | undefined;
  readonly #settings: KeeperSettings;
  readonly #parts: BackendParts;
  readonly #closing = new AbortController();
  #live: AcpConnection | undefined;
  #starting: Promise<Ready> | undefined;
  #failures = 0;
  #guardTold = false;
  #record = "";
  #remembered = -Infinity;

  constructor(settings: KeeperSettings, parts: BackendParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** The running agent, or a new one; who comes while it starts waits for the same start. Never rejects. */
  async ready(signal: AbortSignal): Promise<Ready> {
    if (this.closed || signal.aborted) return ended({ kind: "stopped" });
    if (this.#live !== undefined) {
      await this.#remember();
      return { kind: "ready", connection: this.#live };
    }
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    const limit = this.#settings.startTimeoutMs + RESTART_CAP_MS + FIRST_LOOK_MS;
    const end = await within(this.#parts.clock, limit, this.#starting, signal);
    if (end === STOPPED || this.closed) return ended({ kind: "stopped" });
    return end === LATE ? ended(this.#late()) : end;
  }

  /** It has done its work: the next start need not wait for long. */
  praise(connection: AcpConnection): void {
    if (this.#live === connection) this.#failures = 0;
  }

  /** Ends the agent, and starts none any more. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#live?.process.close();
    await this.#starting;
  }

  async #start(): Promise<Ready> {
    const { clock, random } = this.#parts;
    if (this.#failures > 0) {
      const wait = fullJitter(this.#failures, random, RESTART_BASE_MS, RESTART_CAP_MS);
      await clock.sleep(wait, this.#closing.signal);
    }
    if (this.closed) return ended({ kind: "stopped" });
    try {
      return await this.#launch();
    } catch (error) {
      this.#failures++;
      return ended(unable(error));
    }
  }

  async #launch(): Promise<Ready> {
    const { command, cwd } = this.#settings;
    const { memory, secrets, clock } = this.#parts;
    const run = crypto.randomUUID();
    const env = agentEnv(this.#settings, this.#parts, run);
    if (!isFolder(cwd)) {
      const hint = "create it, or change --backend-opt cwd=…";
      return ended(absent(`the folder ${cwd} does not exist or can't be entered`, hint));
    }
    const program = locate(command, cwd, env);
    if (program === undefined) {
      return ended(absent(notFound(command.words[0]), command.hint));
    }
    await this.#endLeftover();
    // Before it is started: whatever happens from here on, it is found again.
    await memory.remember(PROCESS_KEY, JSON.stringify({ run }));
    if (this.closed) return ended({ kind: "stopped" });
    this.#tellGuard();
    const connection = new AcpConnection({
      argv: [program, ...command.words.slice(1)],
      cwd,
      env,
      run,
      clock,
      secrets,
      onStderrLine: (line) => this.#parts.onStderr(line, this.activityId),
      onStrayLine: (line) => {
        const shown = oneLine(secrets.mask(line), 120);
        this.#parts.onNote(`the agent writes what is no message to its stdout: ${shown}`);
      },
    });
    this.#watch(connection);
    const { pid, identity } = connection.process;
    this.#record = JSON.stringify({ run, pid, identity });
    this.#remembered = -Infinity;
    await this.#remember();
    return this.#introduce(connection);
  }

  #tellGuard(): void {
    const { note } = this.#settings.guard;
    if (note !== undefined && !this.#guardTold) this.#parts.onNote(note);
    this.#guardTold = true;
  }

  /** Again each day: what is not remembered again is forgotten. */
  async #remember(): Promise<void> {
    const { memory, clock } = this.#parts;
    if (clock.now() - this.#remembered < DAY_MS) return;
    this.#remembered = clock.now();
    // It is a second net: most agents end when their stdin does.
    await memory.remember(PROCESS_KEY, this.#record).catch(() => {});
  }

  /** Agrees on the protocol's version. */
  async #introduce(connection: AcpConnection): Promise<Ready> {
    const { startTimeoutMs, client } = this.#settings;
    const { clock, secrets } = this.#parts;
    const agent = connection.process;
    const stopping = this.#closing.signal;
    const answer = await within(clock, startTimeoutMs, connection.initialize(client), stopping);
    if (answer === STOPPED) {
      await agent.close();
      return ended({ kind: "stopped" });
    }
    if (answer === LATE) {
      await agent.kill("it was ended, for it hung");
      return ended(this.#late());
    }
    if (answer.kind === "closed") {
      const end = await agent.ended;
      if (end.swept || stopping.aborted) return ended({ kind: "stopped" });
      return ended(again(`the agent ended when it had just been started: ${end.reason}`));
    }
    if (answer.kind === "error") {
      await agent.kill("it was ended, for it could not begin");
      const mask = (text: string) => secrets.mask(text);
      const { loginNames } = connection.facts;
      const doing = "begin";
      return ended(outcomeOfError(answer.error, { mask, loginNames, doing, stage: "before" }));
    }
    const { version } = connection.facts;
    if (version !== PROTOCOL_VERSION) {
      await agent.kill("it was ended, for it speaks another version");
      return ended(otherVersion(version));
    }
    if (stopping.aborted) {
      await agent.close();
      return ended({ kind: "stopped" });
    }
    this.#live = connection;
    return { kind: "ready", connection };
  }

  /** Whatever ends it, the next message starts another. */
  #watch(connection: AcpConnection): void {
    void connection.process.ended.then(() => {
      this.#failures++;
      if (this.#live === connection) this.#live = undefined;
    });
  }

  /** Ends what is left of the agent before this one, ours or a dead bridge's. */
  async #endLeftover(): Promise<void> {
    const kept = tryParseJson(await this.#parts.memory.recall(PROCESS_KEY));
    const run = getString(kept, "run");
    if (run === undefined) return;
    const [pid, identity] = [getNumber(kept, "pid"), getString(kept, "identity")];
    await endLeftovers([{ activityId: run, pid, identity }], this.#parts.clock);
  }

  #late(): Outcome {
    const limit = formatDuration(this.#settings.startTimeoutMs);
    return again(
      `the agent did not answer initialize within ${limit}: look whether its command speaks the Agent Client Protocol; --backend-opt start_timeout=… gives it longer`,
    );
  }
}

const DAY_MS = 86_400_000;

/** What the search for leftovers may take at most, with some room (see leftovers.ts). */
const FIRST_LOOK_MS = 15_000;

function ended(outcome: Outcome): Ready {
  return { kind: "ended", outcome };
}
