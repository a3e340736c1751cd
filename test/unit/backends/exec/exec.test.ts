import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildReply } from "../../../../src/a2a/reply.ts";
import type { BackendRequest, Outcome } from "../../../../src/backends/backend.ts";
import { createExec } from "../../../../src/backends/exec/create.ts";
import { exec } from "../../../../src/backends/exec/declaration.ts";
import { toJsonLine } from "../../../../src/backends/json-request.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { MoleculeError } from "../../../../src/shared/errors.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { untilGone } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, never, request, script, TestParts, TRACEPARENT } from "../support.ts";
import { onLinux, onPosix } from "../../../harness/platform.ts";

const { test } = onPosix("its commands are for sh");
const linux = onLinux("/proc tells what others see");

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

function make(cmd: string, more: string[] = [], parts = new TestParts()) {
  return createExec(parseOptions(exec, [`cmd=${cmd}`, ...more]), parts);
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
});

linux.test("others see the command alone in its arguments", async () => {
  const text = "canary-of-the-text";
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

test("only who asks for patience gets it", async () => {
  expect(await run("exit 75")).toMatchObject({ overloaded: true });
  expect(await run("exit 3")).toMatchObject({ kind: "again", overloaded: false });
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

linux.test("stopped: nothing of it is left", async () => {
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
    overloaded: false,
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

test.each(["format=text", "format=json"])(
  "an answer that is cut within a secret shows no half of it (%s)",
  async (format) => {
    const parts = new TestParts();
    parts.secrets.add("canary-0123456789");
    const backend = make("cat >/dev/null; printf 'it is canary-0123456789'", [], parts);
    const whole = await backend.run(request(), never);
    const cut = make("printf 'it is canary-0123456789 and more'", [format, "max_output=15"], parts);
    expect(whole).toEqual({ kind: "answer", text: "it is [secret]" });
    expect(await cut.run(request(), never)).toEqual({
      kind: "answer",
      text: "it is [secret] \n\n[cut: the command wrote more than 15 bytes]",
    });
  },
);

test.each(["format=text", "format=json"])(
  "an output of which only the beginning is read shows no half of a secret (%s)",
  async (format) => {
    const secret = `canary-${"x".repeat(93)}`;
    const parts = new TestParts();
    parts.secrets.add(secret);
    // Masked, all of it would fit, with the half secret at the end of what was read.
    const cmd = `yes '${secret}' | head -n 3000 | tr -d '\\n'`;
    const outcome = await make(cmd, [format, "max_output=60k"], parts).run(request(), never);
    const text = outcome.kind === "answer" ? outcome.text : "";
    expect(text).toStartWith("[secret][secret]");
    expect(text).toEndWith("[cut: the command wrote more than 61440 bytes]");
    expect(text).not.toContain("canary");
  },
);

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

test("the trace of the run is in its environment, not that of the one who started us", async () => {
  const parts = new TestParts({ PATH: process.env.PATH, TRACEPARENT: "theirs", TRACESTATE: "x=y" });
  const outcome = await make("env | grep ^TRACE", [], parts).run(request(), never);
  expect(outcome).toEqual({ kind: "answer", text: `TRACEPARENT=${TRACEPARENT}` });
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
  expect(out).toBe("12");
});

test("runs in its folder", async () => {
  using folder = tmpFolder();
  expect(await answer("pwd -P", {}, `cwd=${folder.path}`)).toEndWith(folder.path);
});

test("json: the whole message is one line on stdin", async () => {
  const over: Partial<BackendRequest> = {
    text: "two\nlines",
    parts: [{ kind: "text", text: "two\nlines" }],
    files: [{ name: "a.txt", mimeType: "text/plain", uri: undefined, size: 3 }],
    envelope: { a: ["\n"] },
  };
  const seen = await answer('read -r line; cat >&2; printf "x%s" "$line"', over, "format=json");
  expect(`${seen.slice(1)}\n`).toBe(toJsonLine(request(over)));
});

/** The outcome of a command that prints this, where it may answer in JSON. */
function says(output: unknown, more = "", over: Partial<BackendRequest> = {}, parts?: TestParts) {
  const text = typeof output === "string" ? output : JSON.stringify(output);
  const env = { ...(parts?.env ?? { PATH: process.env.PATH }), OUTPUT: text };
  const used = Object.assign(parts ?? new TestParts(), { env });
  return make(`printf '%s\\n' "$OUTPUT"; ${more}`, ["format=json"], used).run(request(over), never);
}

test.each<[string, unknown, Outcome]>([
  ["text", { text: "two\nlines \u00fc" }, { kind: "answer", text: "two\nlines ü" }],
  [
    "nothing used",
    { text: "hi", files: null, declined: false, error: "", retry_after_secs: null },
    { kind: "answer", text: "hi" },
  ],
  [
    "an object of its own",
    '{"text":"hi","mood":"good"}',
    { kind: "answer", text: '{"text":"hi","mood":"good"}' },
  ],
  [
    "an error of a framework's",
    { error: { message: "boom in\napp.py" }, status: 500 },
    {
      kind: "failed",
      reason: "the command reports an error: boom in app.py",
      told: "the agent's program reported an error",
    },
  ],
  ["a list", '[{"text":"hi"}]', { kind: "answer", text: '[{"text":"hi"}]' }],
  ["words before it", 'log\n{"text":"hi"}', { kind: "answer", text: 'log\n{"text":"hi"}' }],
  ["half of it", '{"text":"hi"', { kind: "answer", text: '{"text":"hi"' }],
  [
    "declined",
    { declined: true, text: "x" },
    { kind: "declined", reason: "the command chose to say nothing" },
  ],
  [
    "declined, with a reason",
    { declined: "not\nfor me" },
    { kind: "declined", reason: "the command chose to say nothing: not for me" },
  ],
  ["nothing", {}, { kind: "declined", reason: "the command ended well and printed no answer" }],
  [
    "blank text",
    { text: " \n" },
    { kind: "declined", reason: "the command ended well and printed no answer" },
  ],
  [
    "an error",
    { error: "no table\nof that name", text: "x" },
    {
      kind: "failed",
      reason: "the command reports an error: no table of that name",
      told: "the agent's program reported an error",
    },
  ],
  [
    "an error that passes",
    { error: "locked", retry_after_secs: 1.5 },
    {
      kind: "again",
      reason: "the command reports an error: locked",
      told: "the agent's program reported an error",
      retryAfterMs: 1500,
      overloaded: true,
    },
  ],
  [
    "a wish to be run later",
    { retry_after_secs: 30 },
    {
      kind: "again",
      reason: "the command asks to be run again later",
      told: "the agent's program asks for more time",
      retryAfterMs: 30_000,
      overloaded: true,
    },
  ],
  [
    "a key of a wrong type",
    { text: 7 },
    {
      kind: "failed",
      reason:
        "the command printed an answer in JSON that can't be used: text must be text, and is a number",
      told: "the agent's program gave an answer that can't be read",
    },
  ],
])("json: what is printed is read: %s", async (_, printed, outcome) => {
  expect(await says(printed)).toEqual(outcome);
});

test("text: what is printed is never read as JSON", async () => {
  expect(await run(`echo '{"declined":true}'`)).toEqual({
    kind: "answer",
    text: '{"declined":true}',
  });
});

test("json: the wait that it asks for is kept with status 75, and its error is in the reason", async () => {
  const printed = { error: "the table is locked", retry_after_secs: 90, text: "never an answer" };
  expect(await says(printed, "exit 75")).toEqual({
    kind: "again",
    reason: "the command exited with status 75: it asks to be run again later: the table is locked",
    told: "the agent's program exited with status 75",
    retryAfterMs: 90_000,
    overloaded: true,
  });
  expect(await says(printed, "echo why >&2; exit 65")).toEqual({
    kind: "failed",
    reason:
      "the command exited with status 65: it refuses this message: the table is locked; see what it wrote to stderr: why",
    told: "the agent's program exited with status 65",
  });
  expect(await says({ text: "hi" }, "exit 3")).toMatchObject({ kind: "again" });
});

test("json: secrets are masked in all that it says, however JSON writes them", async () => {
  const secret = 'canary"01234';
  const outcomes = await Promise.all(
    [{ text: secret }, { declined: secret }, { error: secret }].map((printed) => {
      const parts = new TestParts();
      const said = says(printed, "", {}, parts);
      parts.secrets.add(secret);
      return said;
    }),
  );
  expect(JSON.stringify(outcomes)).not.toContain("canary");
  expect(outcomes.map((outcome) => JSON.stringify(outcome).includes("[secret]"))).toEqual([
    true,
    true,
    true,
  ]);
});

test("json: a text that is too long is cut as any answer is, whatever its escapes take", async () => {
  const over = { text: "é".repeat(2000) };
  const cmd = `printf '{"text":"'; yes '\\u00e9' | head -n 2000 | tr -d '\\n'; printf '"}'`;
  expect(await answer(cmd, over, "format=json", "max_output=2k")).toBe(
    `${"é".repeat(1024)}\n\n[cut: the command wrote more than 2048 bytes]`,
  );
});

test("json: an output that is too long even for JSON is text, whatever its beginning is", async () => {
  const cmd = `echo '{"declined":true}'; head -c 70000 /dev/zero | tr '\\0' '\\n'; echo x`;
  expect(await answer(cmd, {}, "format=json", "max_output=20")).toBe(
    '{"declined":true}\n\n[cut: the command wrote more than 20 bytes]',
  );
});

test("json: files go with the answer from its folder and the answer folder, and from nowhere else", async () => {
  using cwd = tmpFolder();
  using answers = tmpFolder();
  writeFileSync(join(cwd.path, "a.txt"), "a");
  writeFileSync(join(answers.path, "b.png"), "b");
  const files = [
    { path: "a.txt" },
    { path: join(answers.path, "b.png"), name: "plot.png", mime_type: "image/png" },
    { path: "/etc/passwd" },
  ];
  const parts = new TestParts({
    PATH: process.env.PATH,
    OUTPUT: JSON.stringify({ text: "see", files }),
  });
  const cmd = `printf %s "$OUTPUT"`;
  const outcome = await make(cmd, ["format=json", `cwd=${cwd.path}`], parts).run(
    request({ answerFolder: answers.path }),
    never,
  );
  expect(outcome).toEqual({
    kind: "answer",
    text: "see",
    files: [
      { path: join(realpathSync(cwd.path), "a.txt") },
      { path: join(realpathSync(answers.path), "b.png"), name: "plot.png", mimeType: "image/png" },
    ],
  });
  expect(parts.notes).toEqual([
    "left out of the answer: a file that the agent named: /etc/passwd (it lies in neither its folder nor the answer folder)",
  ]);
});

test("json: files that it left in the answer folder are an answer without a word", async () => {
  using answers = tmpFolder();
  const over = { answerFolder: answers.path };
  const nothing: Outcome = {
    kind: "declined",
    reason: "the command ended well and printed no answer",
  };
  mkdirSync(join(answers.path, "sub"));
  expect(await run("true", over, "format=json")).toEqual(nothing);
  writeFileSync(join(answers.path, "sub", "a"), "a");
  const bare: Outcome = { kind: "answer", text: "" };
  expect(await run("true", over, "format=json")).toEqual(bare);
  expect(await says({}, "", over)).toEqual(bare);
  expect(await says({ files: [{ path: "/etc/passwd" }] }, "", over)).toEqual(bare);
  expect(await says({ declined: true }, "", over)).toMatchObject({ kind: "declined" });
  expect(await run("true", {}, "format=json")).toEqual(nothing);
});

test("json: an answer of nothing but files that may not be sent fails", async () => {
  const parts = new TestParts();
  const outcome = await says({ files: [{ path: "/etc/passwd" }] }, "", {}, parts);
  expect(outcome).toEqual({
    kind: "failed",
    reason:
      "the command answered with nothing but files that may not be sent; left out of the answer: a file that the agent named: /etc/passwd (it lies in neither its folder nor the answer folder)",
    told: "the agent's program answered with files that can't be sent",
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
