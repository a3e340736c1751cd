/** The process of an agent that is kept running between messages, and its end. */
import { type Clock, within } from "../../shared/clock.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { RpcPeer, type RpcHandlers } from "./rpc.ts";
import { RUN_ID } from "../process/child-env.ts";
import { KILL_AFTER_MS, PIPE_GRACE_MS } from "../process/child.ts";
import { StderrLines, StdoutLines } from "../process/child-output.ts";
import { endLeftovers } from "../process/leftovers.ts";
import { endGroup, trackGroup, type ProcessGroup } from "../process/group.ts";
import { processIdentity } from "../process/identity.ts";
import { drainPipe } from "../process/pipe.ts";
import { StderrTail, withStderr } from "../process/stderr-tail.ts";

/** Longest line of an agent: an answer's image of 11 MiB fits, and what is longer is no message. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Bytes that may wait for an agent to read them. */
export const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

/** Lines in a row that are no message: some programs greet, and none goes on like that. */
export const MAX_STRAY_LINES = 1_000;

export interface ProcessStart {
  /** Program and arguments. */
  argv: readonly string[];
  cwd: string;
  /** The whole environment. */
  env: Record<string, string>;
  /** The value of `MOLECULE_RUN_ID` in it. */
  run: string;
  clock: Clock;
  secrets: Secrets;
  /** A printable line without secrets. Must not throw. */
  onStderrLine(line: string): void;
  /** The first line on its stdout that is no message, as it came. Must not throw. */
  onStrayLine(line: string): void;
  handlers: RpcHandlers;
}

/** How it ended. `reason` is for the operator. */
export interface ProcessEnd {
  reason: string;
  /** Ended from our side, with all other children: how it ended says nothing about it. */
  swept: boolean;
}

/**
 * An agent in a process group of its own. Whatever the end, its group is killed once it is over, and on
 * Linux what has left the group, too, so that nothing it started lives on.
 */
export class AcpProcess {
  readonly pid: number;
  /** As {@link processIdentity} gives it. */
  readonly identity: string | undefined;
  readonly rpc: RpcPeer;
  /** Resolves when it is gone with its group. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #start: ProcessStart;
  readonly #group: ProcessGroup;
  readonly #tail = new StderrTail();
  readonly #stdout = new StdoutLines(MAX_LINE_BYTES, (line) => this.#take(line));
  readonly #killed = Promise.withResolvers<void>();
  #stderr: StderrLines;
  #input: ReadableStreamDefaultController<Uint8Array> | undefined;
  #stray = 0;
  #strayTold = false;
  /** Why we ended it. */
  #verdict: string | undefined;

  /** Throws what the system says where it can't be started. */
  constructor(start: ProcessStart) {
    this.#start = start;
    const child = Bun.spawn([...start.argv], {
      cwd: start.cwd,
      env: start.env,
      // Not a sink: to write to one whose reader has gone is an error of its own.
      stdin: new ReadableStream<Uint8Array>(
        {
          start: (controller) => void (this.#input = controller),
          cancel: () => void (this.#input = undefined),
        },
        { highWaterMark: 0, size: (chunk) => chunk?.length ?? 0 },
      ),
      stdout: "pipe",
      stderr: "pipe",
      // A session and group of its own: to end what it starts too, and to keep Ctrl-C from it.
      detached: true,
      windowsHide: true,
    });
    this.pid = child.pid;
    this.#group = trackGroup(child.pid, `${RUN_ID}=${start.run}`);
    this.identity = processIdentity(child.pid);
    this.#stderr = this.#newStderr();
    const onFull = () => this.#break("it leaves too many calls without an answer");
    this.rpc = new RpcPeer((line) => this.#write(line), start.handlers, onFull);
    this.ended = this.#watch(child);
  }

  /** Lines of stderr count anew: each message has its share of them. */
  renewStderr(): void {
    this.#stderr.end();
    this.#stderr = this.#newStderr();
  }

  /** Ends it at once, with its group; `reason` is what {@link ended} gives. */
  async kill(reason: string): Promise<void> {
    this.#break(reason);
    await this.ended;
  }

  /** Closes its stdin, by which an agent knows that it is over, and kills it when it goes on. */
  async close(): Promise<void> {
    try {
      this.#input?.close();
    } catch {
      // Its other end has gone.
    }
    this.#input = undefined;
    await within(this.#start.clock, KILL_AFTER_MS, this.ended);
    await this.kill("it was ended");
  }

  #newStderr(): StderrLines {
    return new StderrLines((line) => this.#start.onStderrLine(line), this.#start.secrets);
  }

  #write(line: string): void {
    const input = this.#input;
    if (input === undefined) return;
    try {
      input.enqueue(new TextEncoder().encode(`${line}\n`));
    } catch {
      // Its other end has gone; that it ended is told elsewhere.
      this.#input = undefined;
      return;
    }
    if (-(input.desiredSize ?? 0) > MAX_BACKLOG_BYTES) {
      this.#break("it does not read what it is sent");
    }
  }

  #read(chunk: Uint8Array): void {
    if (this.#verdict !== undefined) return;
    this.#stdout.add(chunk);
    if (this.#stdout.overlong) {
      this.#break(`it wrote a line of more than ${MAX_LINE_BYTES / 1024 / 1024} MiB`);
    }
  }

  #take(line: string): void {
    if (this.#verdict !== undefined || line.trim() === "") return;
    if (this.rpc.take(line)) {
      this.#stray = 0;
      return;
    }
    if (!this.#strayTold) this.#start.onStrayLine(line);
    this.#strayTold = true;
    if (++this.#stray > MAX_STRAY_LINES) {
      this.#break("what it writes to its stdout is not the Agent Client Protocol");
    }
  }

  #break(reason: string): void {
    this.#verdict ??= reason;
    this.#killed.resolve();
    // Its death settles the rest. The group stays known until then, for what it starts meanwhile.
    endGroup(this.#group);
  }

  async #watch(child: ReturnType<typeof Bun.spawn>): Promise<ProcessEnd> {
    const { clock } = this.#start;
    const out = drainPipe(child.stdout as ReadableStream<Uint8Array>, (chunk) => this.#read(chunk));
    const err = drainPipe(child.stderr as ReadableStream<Uint8Array>, (chunk) => {
      this.#stderr.add(chunk);
      this.#tail.add(chunk);
    });
    const drained = Promise.all([out.done, err.done]);
    await Promise.race([child.exited, out.done, this.#killed.promise]);
    // Without its stdout it can say nothing any more; most often it is just about to exit.
    await within(clock, KILL_AFTER_MS, Promise.race([child.exited, this.#killed.promise]));
    if (child.exitCode === null && child.signalCode === null) {
      this.#verdict ??= "it closed its stdout and went on";
    }
    // Its last words may still be in the pipe, which what it has started may hold for ever.
    if (this.#verdict === undefined) await within(clock, PIPE_GRACE_MS, drained);
    endGroup(this.#group);
    await within(clock, KILL_AFTER_MS, child.exited);
    await this.#endEscaped();
    // Those that held the pipes are gone now, so this takes long only for what could not be found.
    await within(clock, PIPE_GRACE_MS, drained);
    out.cancel();
    err.cancel();
    this.#stdout.end();
    this.#stderr.end();
    child.unref();
    this.#input = undefined;
    this.rpc.close();
    return { reason: this.#reason(child), swept: this.#group.killed };
  }

  /** Agents start some programs in a session of their own, which no group holds. */
  async #endEscaped(): Promise<void> {
    const { run, clock } = this.#start;
    const { pid, identity } = this;
    // What lives on in spite of it keeps the next start from beginning, and is named then.
    await endLeftovers([{ activityId: run, pid, identity }], clock).catch(() => {});
  }

  #reason({ exitCode, signalCode }: Pick<Bun.Subprocess, "exitCode" | "signalCode">): string {
    const how =
      this.#verdict ??
      (exitCode !== null
        ? `it exited with status ${exitCode}`
        : `it was ended by ${signalCode ?? "a signal"} from outside`);
    return withStderr(how, this.#tail.text(this.#start.secrets));
  }
}
