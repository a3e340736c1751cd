/** The compiled program as a real process. */
import { existsSync } from "node:fs";
import { BINARY } from "../../scripts/set-up.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import { bareEnv, WINDOWS } from "./platform.ts";
import { marked, untilGone, untilSeen } from "./processes.ts";
import { tmpFolder } from "./tmp.ts";
import { Bell } from "./wait.ts";

/** What a line may tell: an event of the bridge, or why the command failed. */
export type Told = BridgeEvent["type"] | "failed";

/** A line of `--log-format json` that tells an event. */
export type LoggedEvent = { level: string; msg: string; event: Told } & {
  // The fields are those of the event, by the names of the log; a test knows which one it looks at.
  [field: string]: any;
};

export interface RunSetup {
  /** HOME, and the folder it is run in. */
  home: string;
  cwd?: string;
  /** In addition to those that every program needs. */
  env?: Record<string, string>;
  stdin?: string;
  /** A program and its first arguments, which then runs ours: `nice`, say. */
  by?: string[];
}

export interface Ended {
  /** Null where a signal ended it; then `killedBy` names it. */
  code: number | null;
  killedBy: string | null;
}

export class Run implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly pid: number;
  /** Resolves when it has ended and all that it wrote is here. */
  readonly ended: Promise<Ended>;
  readonly #mark = `molecule-e2e-${crypto.randomUUID()}`;
  readonly #args: string[];
  readonly #child: Bun.Subprocess<"ignore" | Uint8Array, "pipe", "pipe">;
  readonly #bell = new Bell();
  #over: Ended | undefined;

  constructor(args: string[], { home, cwd, env, stdin, by = [] }: RunSetup) {
    requireBinary();
    this.#args = args;
    this.#child = Bun.spawn([...by, BINARY, ...args], {
      cwd: cwd ?? home,
      env: { ...bareEnv(home), E2E_MARK: this.#mark, ...env },
      stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
      stdout: "pipe",
      stderr: "pipe",
    });
    this.pid = this.#child.pid;
    this.ended = this.#watch();
  }

  /** The events told so far. */
  get events(): LoggedEvent[] {
    return this.stderr
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
      .filter((line) => "event" in line);
  }

  of(type: Told): LoggedEvent[] {
    return this.events.filter(({ event }) => event === type);
  }

  /** Why it failed and what to do, as its log tells. */
  get failure(): string {
    return this.of("failed")
      .map(({ reason, hint }) => `error: ${reason}\nhint: ${hint}`)
      .join("\n");
  }

  /** Resolves with the event of that number, counted from 1. Rejects if the process ends before. */
  async untilEvent(type: Told, nth = 1): Promise<LoggedEvent> {
    await this.until(() => this.of(type).length >= nth, `${nth} × ${type}`);
    return this.of(type)[nth - 1] as LoggedEvent;
  }

  /** Resolves once a backend of it has written the line to its stderr, `count` times. */
  untilBackendSays(line: string, count = 1): Promise<void> {
    const said = () => this.of("backend-stderr").filter((event) => event.line === line);
    return this.until(() => said().length >= count, `"${line}" from the backend`);
  }

  /** The condition is looked at whenever something was written. */
  async until(condition: () => boolean, what: string): Promise<void> {
    await this.#told(this.#bell.until(() => condition() || this.#over !== undefined, what));
    if (!condition()) throw this.#failure(`it ended before ${what}`);
  }

  /** Windows knows no signals: whichever it is, the program ends at once and can do nothing about it. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** How it ended; rejects if it does not. */
  async end(): Promise<Ended> {
    await this.#told(this.#bell.until(() => this.#over !== undefined, "its end"));
    return this.ended;
  }

  /** Waits for its end, which must be this exit code. */
  async endsWith(code: number): Promise<void> {
    const ended = await this.end();
    if (ended.code !== code) throw this.#failure(`it should have ended with ${code}`);
  }

  /** SIGTERM, and a good end where there is one (see {@link signal}). */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    if (WINDOWS) await this.end();
    else await this.endsWith(0);
  }

  /** Resolves once that many processes that it has started are alive, where they can be seen. */
  untilChildren(count: number): Promise<void> {
    return untilSeen(this.#mark, count, this.pid);
  }

  /** Resolves once nothing that it has started is alive. */
  untilChildless(): Promise<void> {
    return untilGone(this.#mark, this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    for (const pid of marked(this.#mark)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It was just ending.
      }
    }
    await this.ended;
  }

  async #watch(): Promise<Ended> {
    const read = async (name: "stdout" | "stderr") => {
      const decoder = new TextDecoder();
      for await (const chunk of this.#child[name]) {
        this[name] += decoder.decode(chunk, { stream: true });
        this.#bell.ring();
      }
    };
    await Promise.all([read("stdout"), read("stderr"), this.#child.exited]);
    const { exitCode, signalCode } = this.#child;
    const over = { code: exitCode, killedBy: signalCode?.toString() ?? null };
    this.#over = over;
    this.#bell.ring();
    return over;
  }

  /** A wait that fails is of no use without what the process had to say. */
  #told(wait: Promise<void>): Promise<void> {
    return wait.catch((error: Error) => {
      throw this.#failure(error.message);
    });
  }

  #failure(what: string): Error {
    const state = this.#over === undefined ? "is running" : `ended: ${Bun.inspect(this.#over)}`;
    const told = `stdout:\n${this.stdout}\nstderr:\n${this.stderr}`;
    return new Error(`${what}; molecule ${this.#args.join(" ")}\n${state}, ${told}`);
  }
}

/** Runs the program to its end. */
export async function runToEnd(args: string[], setup: RunSetup): Promise<Run & Ended> {
  await using run = new Run(args, setup);
  return Object.assign(run, await run.end());
}

/** Runs it in an empty home of its own. */
export async function runAlone(args: string[], env: Record<string, string> = {}) {
  using home = tmpFolder();
  return runToEnd(args, { home: home.path, env });
}

function requireBinary(): void {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: 'bun run build' makes it`);
}
