/** Runs one child to its end, and leaves nothing of it behind. */
import { type Clock, LATE, STOPPED, within } from "../../shared/clock.ts";
import { codeOf, messageOf } from "../../shared/errors.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { CHILD_MARK } from "./child-env.ts";
import { Stdout, StderrLines } from "./child-output.ts";
import type { RunHooks } from "../backend.ts";
import { drainPipe } from "./pipe.ts";
import { isFolder } from "./folder.ts";
import { askGroup, endGroup, trackGroup } from "./group.ts";
import { processIdentity } from "./identity.ts";
import { StderrTail } from "./stderr-tail.ts";

/** How long a child that was asked to end may take before it is killed, in milliseconds. */
export const KILL_AFTER_MS = 2_000;

/** How long the pipes are read on when the child has exited but something still holds them. */
export const PIPE_GRACE_MS = 500;

/** How long a child may take to exit once its answer has come, in milliseconds. */
export const LINGER_MS = 10_000;

export interface ChildRun {
  /** Program and arguments. Never a text of a message: others can read it, and it has a limit. */
  argv: readonly string[];
  /** Windows: the arguments are passed as they are, without quotes being added. */
  verbatim?: boolean;
  cwd: string | undefined;
  /** The whole environment. */
  env: Record<string, string>;
  /** Written to stdin, which is then closed. */
  stdin: string;
  timeoutMs: number;
  /** Bytes of stdout that are kept; the rest is read and thrown away. */
  maxStdout: number;
  /** Takes stdout as it comes: then nothing of it is kept. Must not throw. */
  onStdout?: (chunk: Uint8Array) => void;
  /**
   * Resolves when all that is wanted of stdout has come. The child then has {@link LINGER_MS} to exit,
   * whatever is left of its time; it is ended after that, and counts as exited.
   */
  answered?: Promise<void>;
  /** A printable line without secrets. Must not throw. */
  onStderrLine(line: string): void;
  secrets: Secrets;
  hooks?: RunHooks | undefined;
  signal: AbortSignal;
  clock: Clock;
}

export type ChildEnd =
  | {
      kind: "exited";
      /** Undefined where a signal ended it. */
      status: number | undefined;
      signalName: string | undefined;
      stdout: string;
      /** stdout was longer than `maxStdout`. */
      truncated: boolean;
      /** Its answer had come, but it had to be ended: how it exited says nothing. */
      lingered?: boolean;
      /** The last lines of stderr, as {@link StderrTail} gives them. */
      stderrTail: string;
      ms: number;
    }
  | { kind: "timeout" }
  | { kind: "stopped" }
  | { kind: "not-started"; reason: string; code: string | undefined };

/**
 * Runs a child in a process group of its own. Never throws.
 *
 * On timeout or abort the group is asked to end, and killed after {@link KILL_AFTER_MS}. Whatever
 * the end, the group is killed once the child has exited, so nothing that it started lives on, and a
 * pipe held open by a grandchild is not waited for. What made itself a session of its own lives on only
 * where the child exited by itself (see {@link endGroup}). What exits before the abort arrives counts as exited: its
 * work is done, and to call it stopped would have it done twice. So does what has `answered` before.
 */
export async function runChild(run: ChildRun): Promise<ChildEnd> {
  const { clock, signal } = run;
  if (signal.aborted) return { kind: "stopped" };
  const started = clock.monotonic();
  const recorded = Promise.withResolvers<void>();
  const mark = crypto.randomUUID();
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(run, mark, recorded.promise);
  } catch (error) {
    return notStarted(run, error);
  }
  const group = trackGroup(child.pid, `${CHILD_MARK}=${mark}`);
  void Promise.resolve(run.hooks?.onChild(child.pid, processIdentity(child.pid))).then(
    recorded.resolve,
  );
  const stdout = new Stdout(run.maxStdout);
  const stderr = new StderrLines((line) => run.onStderrLine(line), run.secrets);
  const tail = new StderrTail();
  const pipes = [
    drainPipe(child.stdout, run.onStdout ?? ((chunk) => stdout.add(chunk))),
    drainPipe(child.stderr, (chunk) => {
      stderr.add(chunk);
      tail.add(chunk);
    }),
  ];
  const drained = Promise.all(pipes.map((pipe) => pipe.done));
  const exited = child.exited;

  let answered = false;
  const answer = run.answered?.then(() => void (answered = true)) ?? exited;
  const first = await within(clock, run.timeoutMs, Promise.race([exited, answer]), signal);
  const late = first === LATE ? "timeout" : first === STOPPED ? "stopped" : undefined;
  const cut = group.killed ? "stopped" : late;
  const last =
    cut === undefined && answered ? await within(clock, LINGER_MS, exited, signal) : undefined;
  const lingers = last === LATE || last === STOPPED;
  if (cut === undefined && !lingers) await within(clock, PIPE_GRACE_MS, drained);
  else {
    askGroup(group);
    await within(clock, KILL_AFTER_MS, Promise.all([exited, drained]));
  }
  endGroup(group, cut !== undefined || lingers || child.signalCode !== null);
  // Those that held the pipes are gone now, so this takes long only for what escaped the group. It
  // also saves what a stalled machine had not yet read when the grace was over.
  await within(clock, PIPE_GRACE_MS, Promise.all([exited, drained]));
  for (const pipe of pipes) pipe.cancel();
  stderr.end();
  child.unref();

  if (cut !== undefined) return { kind: cut };
  return {
    kind: "exited",
    status: child.exitCode ?? undefined,
    signalName: child.signalCode?.toString(),
    stdout: stdout.text(),
    truncated: stdout.truncated,
    lingered: lingers,
    stderrTail: tail.text(run.secrets),
    ms: clock.monotonic() - started,
  };
}

function spawn(run: ChildRun, mark: string, ready: Promise<void>) {
  return Bun.spawn([...run.argv], {
    ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
    env: { ...run.env, [CHILD_MARK]: mark },
    stdin: input(run.stdin, ready),
    stdout: "pipe",
    stderr: "pipe",
    // A session and group of its own: to end what it starts too, and to keep Ctrl-C from it.
    detached: true,
    windowsHide: true,
    windowsVerbatimArguments: run.verbatim === true,
  });
}

/** The text, once `ready`. Not a sink: to write to one whose reader has gone is an error of its own. */
function input(text: string, ready: Promise<void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await ready;
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

/** Whether the system had no room for a process (file handles, processes, memory): no fault of a message. */
export function isShortage(code: string | undefined): boolean {
  return ["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"].includes(code ?? "");
}

function notStarted({ argv, cwd }: ChildRun, error: unknown): ChildEnd {
  const code = codeOf(error);
  const program = argv[0] ?? "";
  // The system says ENOENT and EACCES for the folder as well as for the program.
  const reason =
    cwd !== undefined && !isFolder(cwd)
      ? `the folder ${cwd} does not exist or can't be entered`
      : code === "ENOENT"
        ? `the program ${program} was not found`
        : code === "EACCES"
          ? `the file ${program} may not be executed`
          : code === "ENOEXEC"
            ? `the file ${program} is not a program of this system`
            : `the program ${program} could not be started: ${messageOf(error)}`;
  return { kind: "not-started", reason, code };
}
