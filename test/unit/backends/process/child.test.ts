import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { existsSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ChildEnd,
  type ChildRun,
  KILL_AFTER_MS,
  LINGER_MS,
  PIPE_GRACE_MS,
  runChild,
  isShortage,
} from "../../../../src/backends/process/child.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { processIdentity } from "../../../../src/backends/process/identity.ts";
import { type Clock, systemClock } from "../../../../src/shared/clock.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { isAlive, marked, untilDead, untilGone, untilSeen } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, never, TestParts } from "../support.ts";
import { onLinux, onPosix } from "../../../harness/platform.ts";

const { test } = onPosix("its commands are for sh");
const linux = onLinux("setsid(1) and /proc are Linux's own");

const LONG = 600_000;

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

function start(cmd: string, parts = new TestParts(), over: Partial<ChildRun> = {}) {
  return runChild({
    argv: ["sh", "-c", cmd],
    cwd: undefined,
    env: { PATH: process.env.PATH ?? "" },
    stdin: "",
    timeoutMs: LONG,
    maxStdout: 1 << 20,
    onStderrLine: parts.onStderr,
    secrets: parts.secrets,
    signal: never,
    clock: parts.clock,
    ...over,
  });
}

function exited(end: ChildEnd): ChildEnd & { kind: "exited" } {
  if (end.kind !== "exited") throw new Error(`ended as ${end.kind}`);
  return end;
}

/**
 * Ignores SIGTERM, as do its child and the child of that, which hold the pipes; then says so, after its
 * own id and that of the last.
 */
const STUBBORN =
  "trap '' TERM; echo $$ >&2; " +
  "(sh -c 'echo $$ >&2; echo ready >&2; sleep 300; :'; :) & while :; do sleep 300; done";

/** The ids that {@link STUBBORN} tells before it is ready. */
const idsIn = (parts: TestParts) => parts.lines.slice(0, 2).map(Number);

test("gives status, output and time", async () => {
  const end = exited(await start("echo out; echo err >&2; exit 7"));
  expect(end).toMatchObject({ status: 7, signalName: undefined, stdout: "out\n" });
  expect(end.truncated).toBe(false);
  expect(end.ms).toBeGreaterThan(0);
});

test("a child that a signal ended has no status but a signal's name", async () => {
  const end = exited(await start("kill -9 $$"));
  expect([end.status, end.signalName]).toEqual([undefined, "SIGKILL"]);
});

test("stdin arrives byte for byte, and is closed", async () => {
  const text = "grüße 🙂 \0 $(id) `id` %s\r\n\tno newline at the end";
  expect(exited(await start("cat", undefined, { stdin: text })).stdout).toBe(text);
});

test("is told of with its identity, and gets its input only when that was written down", async () => {
  const written = Promise.withResolvers<void>();
  const told: [number, string | undefined][] = [];
  const parts = new TestParts();
  const run = start("echo started >&2; read -r line; echo $$ $line", parts, {
    stdin: "work\n",
    hooks: {
      onChild(pid, identity) {
        told.push([pid, identity]);
        return written.promise;
      },
    },
  });
  expect(told).toHaveLength(1);
  const [pid = 0, identity] = told[0] ?? [];
  expect(identity).toBe(processIdentity(pid));
  await parts.untilLine("started");
  written.resolve();
  expect(exited(await run).stdout).toBe(`${pid} work\n`);
});

test("the input waits for what is told", async () => {
  const order: string[] = [];
  const written = Promise.withResolvers<void>();
  const run = start("read -r line; echo $line", undefined, {
    stdin: "work\n",
    hooks: { onChild: () => written.promise.then(() => void order.push("written")) },
  }).then((end) => {
    order.push("ended");
    return end;
  });
  // A command that could read already would have ended before this one.
  await start("true");
  expect(order).toEqual([]);
  written.resolve();
  expect(exited(await run).stdout).toBe("work\n");
  expect(order).toEqual(["written", "ended"]);
});

test("half a surrogate pair in stdin becomes the replacement character", async () => {
  expect(exited(await start("cat", undefined, { stdin: "a\ud800b" })).stdout).toBe("a\ufffdb");
});

test("an empty stdin is at its end at once", async () => {
  expect(exited(await start("wc -c | tr -d ' '")).stdout).toBe("0\n");
});

test("a child that never reads ten megabytes of stdin does no harm", async () => {
  const stdin = "x".repeat(10 << 20);
  expect(exited(await start("exit 3", undefined, { stdin })).status).toBe(3);
});

test("fifty megabytes on both pipes are read to the end, and the limit's worth is kept", async () => {
  const flood = "head -c 52428800 /dev/zero";
  const end = exited(
    await start(`${flood}; ${flood} >&2; echo >&2; exit 4`, undefined, { maxStdout: 5000 }),
  );
  expect([end.status, end.truncated, end.stdout.length]).toEqual([4, true, 5000]);
});

test("output of exactly the limit is not truncated", async () => {
  const end = exited(await start("printf 12345", undefined, { maxStdout: 5 }));
  expect([end.stdout, end.truncated]).toEqual(["12345", false]);
});

test("what is not UTF-8 is replaced", async () => {
  expect(exited(await start("printf 'a\\377b'")).stdout).toBe("a\ufffdb");
});

test("a child may close its stdout early and work on", async () => {
  expect(exited(await start("echo hi; exec >&- 2>&-; sleep 0.05; exit 5"))).toMatchObject({
    status: 5,
    stdout: "hi\n",
  });
});

test("stderr comes line by line, the last without its newline too", async () => {
  const parts = new TestParts();
  await start("printf 'one\\ntwo\\r\\n\\nthree' >&2", parts);
  expect(parts.lines).toEqual(["one", "two", "three"]);
});

linux.test(
  "has a session of its own, so that Ctrl-C at our terminal does not reach it",
  async () => {
    const end = exited(await start("cut -d' ' -f1,5,6 /proc/$$/stat"));
    const [pid, group, session] = end.stdout.trim().split(" ");
    expect([group, session]).toEqual([pid, pid]);
  },
);

test("what can't be started is told apart: program, folder, permission, no program", async () => {
  using folder = tmpFolder();
  const plain = join(folder.path, "plain");
  writeFileSync(plain, "no program");
  const begin = (argv: string[], cwd?: string) => start("", undefined, { argv, cwd });
  expect(await begin(["no-such-program"])).toMatchObject({
    kind: "not-started",
    code: "ENOENT",
    reason: "the program no-such-program was not found",
  });
  for (const cwd of [join(folder.path, "gone"), plain]) {
    expect(await begin(["sh", "-c", "true"], cwd)).toMatchObject({
      kind: "not-started",
      reason: `the folder ${cwd} does not exist or can't be entered`,
    });
  }
  expect(await begin([plain])).toMatchObject({
    kind: "not-started",
    code: "EACCES",
    reason: `the file ${plain} may not be executed`,
  });
  // Longer than all arguments together may be: one alone may be long on macOS.
  expect(await begin(["sh", "-c", "x".repeat(4_000_000)])).toMatchObject({ code: "E2BIG" });
  expect(await begin(["sh\0"])).toMatchObject({ kind: "not-started" });
});

test("is not started when it was stopped before", async () => {
  using folder = tmpFolder();
  const file = join(folder.path, "ran");
  const end = await start(`touch ${file}`, undefined, { signal: AbortSignal.abort() });
  expect(end).toEqual({ kind: "stopped" });
  expect(existsSync(file)).toBe(false);
});

for (const kind of ["timeout", "stopped"] as const) {
  test(`${kind}: what ignores SIGTERM is killed with all that it started`, async () => {
    const clock = new ManualClock();
    const mark = marker();
    const parts = new TestParts({}, clock);
    const abort = new AbortController();
    const run = start(STUBBORN, parts, {
      env: { PATH: process.env.PATH ?? "", MARK: mark },
      signal: abort.signal,
    });
    await parts.untilLine("ready");
    if (kind === "timeout") await clock.advance(LONG);
    else abort.abort();
    await clock.untilSleeping((ms) => ms === KILL_AFTER_MS);
    expect(idsIn(parts).map(isAlive)).toEqual([true, true]);
    await clock.advance(KILL_AFTER_MS);
    expect(await run).toEqual({ kind });
    await untilDead(idsIn(parts));
    await untilGone(mark);
  });
}

test("is asked to end first, and not killed while it does what is left to do", async () => {
  const parts = new TestParts({}, new ManualClock());
  const abort = new AbortController();
  const cmd = "trap 'echo tidied >&2; exit 0' TERM; echo ready >&2; while :; do sleep 0.01; done";
  const run = start(cmd, parts, { signal: abort.signal });
  await parts.untilLine("ready");
  abort.abort();
  expect(await run).toEqual({ kind: "stopped" });
  expect(parts.lines).toContain("tidied");
});

test("a grandchild that outlives the command is asked too, and has time to tidy up", async () => {
  const parts = new TestParts({}, new ManualClock());
  const abort = new AbortController();
  const inner =
    'trap "sleep 0.05; echo tidied >&2; exit" TERM; echo ready >&2; while :; do sleep 0.01; done';
  const run = start(`sh -c '${inner}'; :`, parts, { signal: abort.signal });
  await parts.untilLine("ready");
  abort.abort();
  expect(await run).toEqual({ kind: "stopped" });
  expect(parts.lines).toContain("tidied");
});

test("a grandchild that holds stdout open delays the answer by the grace alone", async () => {
  const clock = new ManualClock();
  const mark = marker();
  const run = start("sleep 300 & echo hi", new TestParts({}, clock), {
    env: { PATH: process.env.PATH ?? "", MARK: mark },
  });
  await clock.untilSleeping((ms) => ms === PIPE_GRACE_MS);
  await clock.advance(PIPE_GRACE_MS);
  expect(exited(await run)).toMatchObject({ status: 0, stdout: "hi\n" });
  await untilGone(mark);
});

linux.test(
  "one that left the group delays the answer by two graces, and keeps no pipe of ours",
  async () => {
    const mark = marker();
    const before = openPipes();
    const graces: number[] = [];
    // Real, so that the pipes are read in between, but faster.
    const sleep: Clock["sleep"] = (ms, signal) => {
      if (ms === PIPE_GRACE_MS) graces.push(ms);
      return systemClock.sleep(ms / 20, signal);
    };
    try {
      for (let turn = 0; turn < 10; turn++) {
        const parts = new TestParts({}, { ...systemClock, sleep });
        const env = { PATH: process.env.PATH ?? "", MARK: mark };
        const end = exited(await start("setsid sleep 300 & echo hi", parts, { env }));
        expect(end.stdout).toBe("hi\n");
      }
      expect(graces).toHaveLength(20);
      expect(openPipes() - before).toBeLessThan(10);
    } finally {
      for (const pid of marked(mark)) process.kill(pid, "SIGKILL");
    }
  },
);

linux.describe("what made itself a session of its own", () => {
  const marks: string[] = [];
  const env = (mark: string) => {
    marks.push(mark);
    return { PATH: process.env.PATH ?? "", MARK: mark };
  };
  afterEach(() => {
    for (const pid of marks.splice(0).flatMap(marked)) process.kill(pid, "SIGKILL");
  });
  const AWAY =
    "setsid sh -c 'exec 3>&2 2>&-; setsid sleep 300 3>&- & echo ready >&3; exec sleep 300 3>&-' </dev/null >/dev/null &";

  /** Exits by itself when it is asked to. */
  const POLITE = "trap 'exit 143' TERM; while :; do sleep 0.01; done";

  test("ends with a run that is stopped", async () => {
    const mark = marker();
    const parts = new TestParts();
    const abort = new AbortController();
    const run = start(`${AWAY} ${POLITE}`, parts, { env: env(mark), signal: abort.signal });
    await parts.untilLine("ready");
    abort.abort();
    expect(await run).toEqual({ kind: "stopped" });
    await untilGone(mark);
  });

  test("ends with a run that takes too long", async () => {
    const mark = marker();
    const parts = new TestParts({}, new ManualClock());
    const run = start(`${AWAY} ${POLITE}`, parts, { env: env(mark) });
    await parts.untilLine("ready");
    await (parts.clock as ManualClock).advance(LONG);
    await (parts.clock as ManualClock).advanceUntil(() => marked(mark).length === 0);
    expect(await run).toEqual({ kind: "timeout" });
  });

  test("ends with a child that a signal ended", async () => {
    const mark = marker();
    const parts = new TestParts();
    const cmd = `${AWAY} read -r line; kill -9 $$`;
    const written = Promise.withResolvers<void>();
    const hooks = { onChild: () => written.promise };
    const run = start(cmd, parts, { env: env(mark), stdin: "go\n", hooks });
    await parts.untilLine("ready");
    written.resolve();
    expect(exited(await run).signalName).toBe("SIGKILL");
    await untilGone(mark);
  });

  test("ends with a child that had answered and did not exit", async () => {
    const clock = new ManualClock();
    const mark = marker();
    const polite = POLITE.replace("while", "echo hi; while");
    const child = answering(`${AWAY} ${polite}`, clock, { env: env(mark) });
    await child.parts.untilLine("ready");
    await clock.untilSleeping((ms) => ms === LINGER_MS);
    await clock.advance(LINGER_MS);
    await clock.advanceUntil(() => marked(mark).length === 0);
    expect(exited(await child.run)).toMatchObject({ status: 143, lingered: true });
  });

  test("ends with all others, at once", async () => {
    const mark = marker();
    const parts = new TestParts();
    const run = start(`${AWAY} exec sleep 300`, parts, { env: env(mark) });
    await parts.untilLine("ready");
    killAllGroups();
    await untilGone(mark);
    expect(await run).toEqual({ kind: "stopped" });
  });

  test("lives on where the child exited by itself, and when another run is cut", async () => {
    const mark = marker();
    const parts = new TestParts();
    const cmd = `${AWAY} read -r line; exit 3`;
    const written = Promise.withResolvers<void>();
    const hooks = { onChild: () => written.promise };
    const run = start(cmd, parts, { env: env(mark), stdin: "go\n", hooks });
    await parts.untilLine("ready");
    written.resolve();
    expect(exited(await run).status).toBe(3);
    const abort = new AbortController();
    const other = start("exec sleep 300", new TestParts(), { signal: abort.signal });
    abort.abort();
    expect((await other).kind).toBe("stopped");
    await untilSeen(mark, 2);
  });
});

linux.test("a good end leaves nothing behind either", async () => {
  const mark = marker();
  const end = await start("sleep 300 </dev/null >/dev/null 2>&1 & echo hi", undefined, {
    env: { PATH: process.env.PATH ?? "", MARK: mark },
  });
  expect(exited(end).stdout).toBe("hi\n");
  await untilGone(mark);
});

test("what had exited before the abort keeps its answer", async () => {
  const clock = new ManualClock();
  const abort = new AbortController();
  const run = start("sleep 300 & echo hi", new TestParts({}, clock), { signal: abort.signal });
  await clock.untilSleeping((ms) => ms === PIPE_GRACE_MS);
  abort.abort();
  await clock.advance(PIPE_GRACE_MS);
  expect(exited(await run).stdout).toBe("hi\n");
});

/** A child whose answer has come when it prints a line. */
function answering(cmd: string, clock: ManualClock, over: Partial<ChildRun> = {}) {
  const answer = Promise.withResolvers<void>();
  const parts = new TestParts({}, clock);
  let text = "";
  const onStdout = (chunk: Uint8Array) => {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) answer.resolve();
  };
  const run = start(cmd, parts, { onStdout, answered: answer.promise, ...over });
  return { run, parts, answered: answer.promise, text: () => text };
}

test("stdout that somebody takes is not kept", async () => {
  const child = answering("echo hi; exit 3", new ManualClock());
  expect(exited(await child.run)).toMatchObject({ status: 3, stdout: "", lingered: false });
  expect(child.text()).toBe("hi\n");
});

test("after its answer it has ten seconds to exit, whatever is left of its time", async () => {
  const clock = new ManualClock();
  const mark = marker();
  const env = { PATH: process.env.PATH ?? "", MARK: mark };
  const child = answering("sleep 300 & trap '' TERM; echo hi; while :; do sleep 300; done", clock, {
    env,
    timeoutMs: 1_000,
  });
  await child.answered;
  await clock.untilSleeping((ms) => ms === LINGER_MS);
  await clock.advance(LINGER_MS);
  await clock.untilSleeping((ms) => ms === KILL_AFTER_MS);
  await clock.advance(KILL_AFTER_MS);
  expect(exited(await child.run)).toMatchObject({ signalName: "SIGKILL", lingered: true });
  await untilGone(mark);
});

test("what exits by itself after its answer has the status that it gives", async () => {
  const child = answering("echo hi; sleep 0.1; exit 4", new ManualClock());
  expect(exited(await child.run)).toMatchObject({ status: 4, lingered: false });
});

test("what is stopped after its answer has come is ended at once, and keeps it", async () => {
  const clock = new ManualClock();
  const abort = new AbortController();
  const child = answering("echo hi; sleep 300; :", clock, { signal: abort.signal });
  await clock.untilSleeping((ms) => ms === LINGER_MS);
  abort.abort();
  expect(exited(await child.run)).toMatchObject({ lingered: true });
  expect(child.text()).toBe("hi\n");
});

test("killAllGroups ends every run at once, and they count as stopped", async () => {
  const mark = marker();
  const runs = [1, 2].map(async () => {
    const parts = new TestParts();
    const run = start(STUBBORN, parts, { env: { PATH: process.env.PATH ?? "", MARK: mark } });
    await parts.untilLine("ready");
    return { run, parts };
  });
  const started = await Promise.all(runs);
  expect(started.flatMap(({ parts }) => idsIn(parts).map(isAlive))).toEqual(Array(4).fill(true));
  killAllGroups();
  expect(await Promise.all(started.map(({ run }) => run))).toEqual([
    { kind: "stopped" },
    { kind: "stopped" },
  ]);
  await untilDead(started.flatMap(({ parts }) => idsIn(parts)));
  await untilGone(mark);
  killAllGroups();
});

function openPipes(): number {
  const isPipe = (fd: string) => {
    try {
      return /^(socket|pipe):/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  };
  return readdirSync("/proc/self/fd").filter(isPipe).length;
}

test.each([
  ["EMFILE", true],
  ["ENFILE", true],
  ["EAGAIN", true],
  ["ENOMEM", true],
  ["ENOENT", false],
  [undefined, false],
])("a start that fails by %p is a shortage of the system's: %p", (code, expected) => {
  expect(isShortage(code)).toBe(expected);
});
