import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildReply } from "../../../src/a2a/reply.ts";
import type { BackendRequest, Outcome } from "../../../src/backends/backend.ts";
import { exec, toJsonLine } from "../../../src/backends/exec.ts";
import { parseOptions } from "../../../src/backends/options.ts";
import { killAllGroups } from "../../../src/backends/process-group.ts";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { ManualClock } from "../../harness/clock.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { marker, never, request, script, TestParts, untilGone } from "./support.ts";

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

function make(cmd: string, more: string[] = [], parts = new TestParts()) {
  return exec.create(parseOptions(exec, [`cmd=${cmd}`, ...more]), parts);
}

function run(cmd: string, over?: Partial<BackendRequest>, ...more: string[]): Promise<Outcome> {
  return make(cmd, more).run(request(over), never);
}

async function answer(cmd: string, over?: Partial<BackendRequest>, ...more: string[]) {
  const outcome = await run(cmd, over, ...more);
  if (outcome.kind !== "answer") throw new Error(`ended as ${JSON.stringify(outcome)}`);
  return outcome.text;
}

test("what the command prints is the answer, less the newlines at its end", async () => {
  expect(await run("printf '  a\\n\\nb \\r\\n\\n\\n'")).toEqual({
    kind: "answer",
    text: "  a\n\nb ",
  });
});

test("the text is on stdin, byte for byte, without a newline of ours", async () => {
  const text = "grüße 🙂\n$(echo no) 'x' \"y\" \\z";
  expect(await answer("cat; printf .", { text })).toBe(`${text}.`);
});

test("the text is in no argument and in no variable", async () => {
  const text = "canary-of-the-text";
  const out = await answer('cat >/dev/null; echo "$0 $*"; env; ps -o args= -p $$ 2>&1 || :', {
    text,
  });
  expect(out).not.toContain(text);
  expect(out).toContain("MOLECULE_CALLER_ID=peer-1");
  if (process.platform !== "linux") return; // /proc tells the arguments as others see them
  const cmdline = await answer("tr '\\0' ' ' </proc/$$/cmdline", { text });
  expect(cmdline).toStartWith("sh -c");
  expect(cmdline).not.toContain(text);
});

test("nothing printed is a choice to say nothing", async () => {
  for (const cmd of ["true", "echo", "printf ' \\n\\t'"]) {
    expect((await run(cmd)).kind).toBe("declined");
  }
});

test.each<[string, Outcome["kind"], RegExp, string]>([
  ["exit 75", "again", /status 75: it asks/, "the agent's program exited with status 75"],
  ["exit 65", "failed", /status 65: it refuses/, "the agent's program exited with status 65"],
  ["exit 3", "again", /status 3: see what/, "the agent's program exited with status 3"],
  [
    "no-such-program-here",
    "again",
    /status 127: .*PATH/,
    "the agent's program exited with status 127",
  ],
  ["/dev/null", "again", /status 126: .*mode/, "the agent's program exited with status 126"],
  [
    "sh -c 'kill -9 $$'; exit $?",
    "again",
    /status 137: .*signal 9/,
    "the agent's program exited with status 137",
  ],
  ["kill -9 $$", "again", /SIGKILL from outside/, "the agent's program was ended by a signal"],
])("`%s` ends as %s", async (cmd, kind, reason, told) => {
  const outcome = await run(`echo half an answer; ${cmd}`);
  expect(outcome).toMatchObject({ kind, told });
  expect((outcome as { reason: string }).reason).toMatch(reason);
});

test("too long: failed, since something may have been done", async () => {
  const clock = new ManualClock();
  const parts = new TestParts({ PATH: process.env.PATH }, clock);
  const backend = make("echo ready >&2; while :; do sleep 0.01; done", ["timeout=90s"], parts);
  expect(backend.timeoutMs).toBe(90_000);
  const running = backend.run(request(), never);
  await parts.untilLine("ready");
  await clock.advance(90_000);
  expect(await running).toEqual({
    kind: "failed",
    reason:
      "the command was still running after 1 min 30 s and was ended; --backend-opt timeout=… gives it longer",
    told: "the agent's program did not finish within 1 min 30 s",
  });
});

test("stopped: nothing of it is left", async () => {
  const mark = marker();
  const parts = new TestParts({ PATH: process.env.PATH, MARK: mark });
  const abort = new AbortController();
  const running = make("sleep 300 & echo ready >&2; sleep 300; :", [], parts).run(
    request(),
    abort.signal,
  );
  await parts.untilLine("ready");
  abort.abort();
  expect(await running).toEqual({ kind: "stopped" });
  await untilGone(mark);
});

test("what can't be started is tried again", async () => {
  using folder = tmpFolder();
  const outcome = await run("true", {}, `cwd=${join(folder.path, "gone")}`);
  expect(outcome).toMatchObject({
    kind: "again",
    told: "the agent's program could not be started",
  });
});

test("an answer that is too long is cut, and says so", async () => {
  const text = await answer("head -c 100000 /dev/zero | tr '\\0' x", {}, "max_output=2k");
  expect(text).toBe(`${"x".repeat(2048)}\n\n[cut: the command wrote more than 2048 bytes]`);
});

test("what is kept of an answer unless told otherwise fits into a reply to a peer", async () => {
  const line = `${"x".repeat(79)}\n`;
  const text = await answer(`yes '${line.trim()}' | head -c 2000000`);
  expect(text).toEndWith("\n\n[cut: the command wrote more than 921600 bytes]");
  const longId = "i".repeat(1024);
  const answered = { activityId: "act-1", messageId: longId, contextId: longId, taskId: longId };
  const reply = buildReply(answered, text, "answer");
  expect(reply.params.message.parts).toMatchObject([{ text }]);
});

test("a line of stderr names its message", async () => {
  const parts = new TestParts();
  await make("echo a >&2; echo b >&2", [], parts).run(request({ activityId: "act-7" }), never);
  expect([parts.lines, parts.activities]).toEqual([
    ["a", "b"],
    ["act-7", "act-7"],
  ]);
});

test.each<[string, string]>([
  ["exit 3", "the command exited with status 3: see what it wrote to stderr: b / c / d [secret]"],
  [
    "exit 65",
    "the command exited with status 65: it refuses this message; see what it wrote to stderr: b / c / d [secret]",
  ],
  [
    "kill -9 $$",
    "the command was ended by SIGKILL from outside; look for a lack of memory; see what it wrote to stderr: b / c / d [secret]",
  ],
])("`%s`: the last lines of stderr are in the reason, not in what is told", async (cmd, reason) => {
  const parts = new TestParts();
  parts.secrets.add("canary-0123456789");
  const backend = make(`printf 'a\\nb\\n\\nc\\nd ' >&2; cat >&2; ${cmd}`, [], parts);
  const outcome = await backend.run(request({ text: "canary-0123456789" }), never);
  expect(outcome).toMatchObject({ reason, told: expect.not.stringContaining("secret") });
});

test("without stderr the reason says where to look, and no more", async () => {
  expect(await run("exit 3")).toMatchObject({
    reason: "the command exited with status 3: see what it wrote to stderr",
  });
});

test("a megabyte of newlines is trimmed in no time", async () => {
  const cmd = "head -c 1000000 /dev/zero | tr '\\0' '\\n'; echo x";
  expect(await answer(cmd, {}, "max_output=1m")).toEndWith("\nx");
});

test("an answer that holds a secret is masked", async () => {
  const parts = new TestParts();
  parts.secrets.add("canary-0123456789");
  const backend = make("cat; echo; cat >&2", [], parts);
  const outcome = await backend.run(request({ text: "it is canary-0123456789" }), never);
  expect(outcome).toEqual({ kind: "answer", text: "it is [secret]" });
});

test("sees the operator's variables, less Bun's, the tokens, and whatever holds one", async () => {
  const parts = new TestParts({
    PATH: process.env.PATH,
    KEPT: "yes",
    BUN_X: "no",
    MOLECULE_WORKSPACE_TOKEN: "no",
    MOLECULE_API_TOKEN_FILE: "no",
    MINE: "Bearer canary-0123456789",
  });
  parts.secrets.add("canary-0123456789");
  const outcome = await make("env", [], parts).run(request(), never);
  const out = outcome.kind === "answer" ? outcome.text : "";
  expect(out).toContain("KEPT=yes");
  expect(out).not.toMatch(/BUN_|TOKEN|MINE|canary/);
});

test("metadata can be left out, all but the id by which the run is found again", async () => {
  const seen = await answer("env | grep ^MOLECULE_", {}, "pass_meta=false");
  expect(seen).toBe("MOLECULE_RUN_ID=act-1");
});

test("its child is told of, and one at a time is safe", async () => {
  const told: number[] = [];
  const backend = make("echo $$");
  const hooks = { onChild: (pid: number) => void told.push(pid) };
  const outcome = await backend.run(request(), never, hooks);
  expect(outcome).toEqual({ kind: "answer", text: String(told[0]) });
  expect([told.length, backend.concurrency, backend.costsMoney]).toEqual([1, 1, false]);
});

test("hostile metadata does not keep the command from running", async () => {
  const hostile = `\0\n${"x".repeat(300_000)}`;
  const out = await answer("env | grep -c '^MOLECULE_'", {
    contextId: hostile,
    messageId: hostile,
  });
  expect(out).toBe("11");
});

test("runs in its folder", async () => {
  using folder = tmpFolder();
  expect(await answer("pwd -P", {}, `cwd=${folder.path}`)).toEndWith(folder.path);
});

test("json: the whole message is one line on stdin", async () => {
  const over: Partial<BackendRequest> = {
    peerId: undefined,
    text: "two\nlines",
    files: [{ name: "a.txt", mimeType: "text/plain", uri: undefined, size: 3 }],
    envelope: { a: ["\n"] },
  };
  const line = await answer('read -r line; cat >&2; printf %s "$line"', over, "format=json");
  expect(JSON.parse(line)).toEqual({
    workspace_id: "ws-1",
    activity_id: "act-1",
    peer_id: null,
    message_id: "msg-1",
    context_id: "ctx-1",
    task_id: null,
    method: "message/send",
    attempt: 1,
    interrupted: false,
    is_reply: false,
    text: "two\nlines",
    files: [{ name: "a.txt", mime_type: "text/plain", uri: null, size: 3 }],
    envelope: { a: ["\n"] },
  });
  expect(toJsonLine(request(over)).match(/\n/g)).toHaveLength(1);
});

test("json: a message that can't be written as JSON fails, without an exception", async () => {
  // What an envelope nested 50 000 deep does, without the second and a half that it takes.
  const envelope = {
    get deep() {
      throw new RangeError("Maximum call stack size exceeded.");
    },
  };
  expect(await run("cat", { envelope }, "format=json")).toMatchObject({
    kind: "failed",
    told: "the message is nested too deeply or too large to be read",
  });
});

test("only json has use for a message without text", () => {
  expect(make("x").takesEmptyText).toBe(false);
  expect(make("x", ["format=json"]).takesEmptyText).toBe(true);
});

test("check: folder and shell must be there", async () => {
  using folder = tmpFolder();
  await make("cat", [`cwd=${folder.path}`]).check();
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  for (const cwd of [file, join(folder.path, "gone")]) {
    const check = make("cat", [`cwd=${cwd}`]).check();
    await expect(check).rejects.toThrow(MoleculeError);
    await expect(check).rejects.toThrow(`the folder ${cwd}, in which the exec backend is to run`);
  }
  const bare = make("cat", [], new TestParts({ PATH: folder.path }));
  await expect(bare.check()).rejects.toThrow("the shell sh was not found on the PATH");
});

test("check: the program that a plain command starts with must be there", async () => {
  using folder = tmpFolder();
  await expect(make("no-such-program-here -x").check()).rejects.toThrow(
    "the program no-such-program-here, with which cmd of the exec backend starts, was not found",
  );
  const check = () => make("./answer.sh", [`cwd=${folder.path}`]).check();
  await expect(check()).rejects.toThrow("./answer.sh, with which cmd of the exec backend starts,");
  script(folder.path, "answer.sh", "exit 0");
  await check();
});

test("a command is needed", () => {
  expect(() => parseOptions(exec, [])).toThrow("the exec backend needs its option cmd");
});
