import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { BackendRequest } from "../../../../src/backends/backend.ts";
import { createClaude } from "../../../../src/backends/claude/create.ts";
import { claudeCode } from "../../../../src/backends/claude/declaration.ts";
import { frame } from "../../../../src/backends/framing.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { MoleculeError, UsageError } from "../../../../src/shared/errors.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { untilGone } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, never, request, script, TestParts, TRACEPARENT } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const { test } = onPosix("the stand-in for claude is a script");

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

const RESULT = '{"type":"result","subtype":"success","is_error":false,"result":"hi there"}';

/** A folder with a `claude` in it, first on the PATH of the parts. */
function fake(body: string, env: Record<string, string> = {}) {
  const folder = tmpFolder();
  const program = script(folder.path, "claude", body);
  const path = `${folder.path}${delimiter}${process.env.PATH}`;
  const parts = new TestParts({ PATH: path, HOME: folder.path, ...env }, new ManualClock());
  return {
    path: folder.path,
    program,
    parts,
    run: (over?: Partial<BackendRequest>, ...given: string[]) =>
      createClaude(parseOptions(claudeCode, given), parts).run(request(over), never),
    read: (name: string) => readFileSync(join(folder.path, name), "utf8"),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

function parse(...given: string[]) {
  return createClaude(parseOptions(claudeCode, given), new TestParts());
}

test("its child is told of, and has the id of the run; it costs money, so one runs at a time", async () => {
  using claude = fake(`env > "\${0%/*}/env"; echo $$ > "\${0%/*}/pid"; echo '${RESULT}'`);
  const told: number[] = [];
  const backend = createClaude(parseOptions(claudeCode, []), claude.parts);
  await backend.run(request(), never, { onChild: (pid) => void told.push(pid) });
  expect(told).toEqual([Number(claude.read("pid"))]);
  expect(claude.read("env").split("\n")).toContain("MOLECULE_RUN_ID=act-1");
  expect([backend.concurrency, backend.costsMoney]).toEqual([1, true]);
});

/** The arguments that its last run was given. */
const argsOf = (claude: { read(name: string): string }) =>
  claude.read("args").split("\n").slice(0, -1);

test("asks claude for lines of JSON, with the prompt on stdin, and answers with the result", async () => {
  const text = "grüße 🙂\n--not-a-flag $(id)";
  using claude = fake(
    `cd "$(dirname "$0")"; printf '%s\\n' "$@" >args; cat >stdin; echo '${RESULT}'`,
  );
  expect(await claude.run({ text })).toEqual({ kind: "answer", text: "hi there" });
  expect(claude.read("stdin")).toBe(frame(request({ text })));
  expect(argsOf(claude)).toEqual([
    "-p",
    "--permission-mode=dontAsk",
    "--output-format=stream-json",
    "--verbose",
    expect.stringMatching(/^--session-id=[0-9a-f-]{36}$/),
    "--disallowedTools=Bash",
    `--disallowedTools=Read(/${claude.path}/.claude/projects/**)`,
    `--disallowedTools=Edit(/${claude.path}/.claude/projects/**)`,
  ]);
});

test("a message is no command of claude's: its header comes first", async () => {
  using claude = fake(`cat >"$(dirname "$0")/stdin"; echo '${RESULT}'`);
  await claude.run({ text: "/compact" });
  expect(claude.read("stdin")).toStartWith("[");
});

test("options become arguments, each with its value in one", async () => {
  using claude = fake(`printf '%s\\n' "$@" >"$(dirname "$0")/args"; echo '${RESULT}'`);
  await claude.run(
    {},
    "model=opus",
    "system_prompt=--be brief",
    "append_system_prompt=and kind",
    "permission_mode=acceptEdits",
    "allowed_tools=Bash(git *) Edit",
    "max_budget_usd=0.5",
    "session=none",
  );
  expect(argsOf(claude)).toEqual([
    "-p",
    "--permission-mode=acceptEdits",
    "--model=opus",
    "--system-prompt=--be brief",
    "--append-system-prompt=and kind",
    "--allowedTools=Bash(git *) Edit",
    "--output-format=stream-json",
    "--verbose",
    "--max-budget-usd=0.5",
    "--no-session-persistence",
    `--disallowedTools=Read(/${claude.path}/.claude/projects/**)`,
    `--disallowedTools=Edit(/${claude.path}/.claude/projects/**)`,
  ]);
});

test.each<[number | undefined, string | undefined, string | undefined]>([
  [undefined, undefined, undefined],
  [2, undefined, "2"],
  [undefined, "10", "10"],
  [0.25, "3", "0.25"],
  [3, "0.5", "0.5"],
  // What is left of a budget may be nothing, which claude does not take for a limit.
  [0, "3", "0.0001"],
  [-1, undefined, "0.0001"],
  [1e-7, undefined, "0.0001"],
])("of two limits the smaller holds: %p and %p", async (budgetUsd, option, passed) => {
  using claude = fake(`printf '%s\\n' "$@" >"$(dirname "$0")/args"; echo '${RESULT}'`);
  await claude.run({ budgetUsd }, ...(option === undefined ? [] : [`max_budget_usd=${option}`]));
  const given = argsOf(claude).filter((arg) => arg.startsWith("--max-budget-usd"));
  expect(given).toEqual(passed === undefined ? [] : [`--max-budget-usd=${passed}`]);
});

test("it may read the files that came, and write where those of the answer go, and load nothing there", async () => {
  using claude = fake(`printf '%s\\n' "$@" >"$(dirname "$0")/args"; echo '${RESULT}'`);
  const file = { name: "a", mimeType: undefined, uri: undefined, size: undefined };
  const files = ["/s/in 1/a", "/s/in 1/b", "/s/(x)/c"].map((path) => ({ ...file, path }));
  await claude.run({ files: [file, ...files], answerFolder: "/s/out" });
  expect(argsOf(claude).slice(8)).toEqual([
    "--allowedTools=Read(//s/in 1/**)",
    "--add-dir=/s/(x)",
    "--allowedTools=Read(//s/out/**)",
    "--allowedTools=Edit(//s/out/**)",
  ]);
});

test.each([
  ["--resume x", "session=…"],
  ["-c", "session=…"],
  ["--session-id=x", "session=…"],
  ["--output-format json", "how it is talked to"],
  ["--max-budget-usd 3", "max_budget_usd=…"],
  ["--model opus --", "on stdin"],
])("args can't undo what the backend relies on: %s", (args, why) => {
  expect(() => parse(`args=${args}`)).toThrow(UsageError);
  expect(() => parse(`args=${args}`)).toThrow(why);
});

test("more arguments are split, and no shell expands them", async () => {
  using claude = fake(`printf '%s\\n' "$@" >"$(dirname "$0")/args"; echo '${RESULT}'`);
  await claude.run({}, "args=--effort high --append-system-prompt 'be $HOME; `brief`'");
  expect(argsOf(claude).slice(1, 7)).toEqual([
    "--permission-mode=dontAsk",
    "--effort",
    "high",
    "--append-system-prompt",
    "be $HOME; `brief`",
    "--output-format=stream-json",
  ]);
});

test("has its defaults and the message in its environment, and no token", async () => {
  using claude = fake(`env >"$(dirname "$0")/env"; echo '${RESULT}'`, {
    MOLECULE_WORKSPACE_TOKEN: "x",
    BUN_X: "x",
    DISABLE_AUTOUPDATER: "0",
    CLAUDE_CODE_DISABLE_ATTACHMENTS: "0",
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: "0",
  });
  await claude.run();
  const env = claude.read("env").split("\n");
  expect(env).toContain("CLAUDE_CODE_MAX_RETRIES=2");
  expect(env).toContain("DISABLE_AUTOUPDATER=0");
  // What keeps strangers out is not the environment's to undo.
  expect(env).toContain("CLAUDE_CODE_DISABLE_ATTACHMENTS=1");
  expect(env).toContain("CLAUDE_CODE_DISABLE_AUTO_MEMORY=1");
  expect(env).toContain("MOLECULE_CALLER_ID=peer-1");
  expect(env).toContain(`TRACEPARENT=${TRACEPARENT}`);
  expect(env.filter((line) => /TOKEN|BUN_/.test(line))).toEqual([]);
  await claude.run({}, "pass_meta=false");
  const bare = claude.read("env").split("\n");
  expect(bare.filter((line) => line.startsWith("MOLECULE_"))).toEqual(["MOLECULE_RUN_ID=act-1"]);
});

test("claude's words about an error are no answer, and reach neither asker nor operator", async () => {
  const error =
    '{"type":"result","is_error":true,"api_error_status":401,"result":"Please run /login"}';
  using claude = fake(`echo '${error}'; exit 1`);
  const outcome = await claude.run();
  expect(outcome.kind).toBe("operator");
  expect(JSON.stringify(outcome)).not.toContain("Please run");
});

test("claude's words about why it did nothing are masked, and never for the asker", async () => {
  const error =
    '{"type":"result","is_error":true,"num_turns":1,"result":"Not logged in: canary-0123456789"}';
  using claude = fake(`echo '${error}'; exit 1`);
  claude.parts.secrets.add("canary-0123456789");
  expect(await claude.run()).toMatchObject({
    kind: "operator",
    reason: "claude would not work: Not logged in: [secret]",
    told: expect.not.stringContaining("logged"),
  });
});

test("a line of stderr names its message, and the last are in the reason", async () => {
  using claude = fake("echo one >&2; echo two >&2; exit 1");
  expect(await claude.run({ activityId: "act-7" })).toMatchObject({
    kind: "failed",
    reason:
      "claude printed nothing and exited with status 1; see what it wrote to stderr: one / two",
  });
  expect(claude.parts.activities).toEqual(["act-7", "act-7"]);
});

test("a result without a newline at its end is one", async () => {
  using claude = fake(`printf '%s' '${RESULT}'`);
  expect(await claude.run()).toMatchObject({ kind: "answer", text: "hi there" });
});

test("an answer that holds a secret is masked", async () => {
  using claude = fake('echo \'{"type":"result","result":"it is canary-0123456789"}\'');
  claude.parts.secrets.add("canary-0123456789");
  expect(await claude.run()).toEqual({ kind: "answer", text: "it is [secret]" });
});

test("too long: failed after five minutes, and nothing of it is left", async () => {
  const mark = marker();
  using claude = fake("sleep 300 & echo ready >&2; sleep 300; :", { MARK: mark });
  const clock = claude.parts.clock as ManualClock;
  const running = claude.run();
  await claude.parts.untilLine("ready");
  await clock.advance(300_000);
  expect(await running).toMatchObject({
    kind: "failed",
    told: "the agent did not finish within 5 min",
  });
  await untilGone(mark);
});

test("stopped: ends as stopped, and nothing of it is left", async () => {
  const mark = marker();
  using claude = fake("echo ready >&2; sleep 300; :", { MARK: mark });
  const abort = new AbortController();
  const backend = createClaude(parseOptions(claudeCode, []), claude.parts);
  const running = backend.run(request(), abort.signal);
  await claude.parts.untilLine("ready");
  abort.abort();
  expect(await running).toEqual({ kind: "stopped" });
  await untilGone(mark);
  expect(await backend.run(request(), abort.signal)).toEqual({ kind: "stopped" });
});

test("a program or folder that went away is the operator's matter", async () => {
  using claude = fake("exit 0");
  expect(await claude.run({}, `bin=${claude.path}/gone`)).toMatchObject({
    kind: "operator",
    reason: `the program ${claude.path}/gone was not found, or is not executable`,
  });
  expect(await claude.run({}, `cwd=${claude.path}/gone`)).toMatchObject({
    kind: "operator",
    reason: `the folder ${claude.path}/gone does not exist or can't be entered`,
  });
  await Bun.write(claude.program, "#!/no/such/interpreter\n");
  expect((await claude.run()).kind).toBe("operator");
});

test("check: the program is looked for on the PATH it will have, or at its path", async () => {
  using claude = fake("exit 0");
  await createClaude(parseOptions(claudeCode, []), claude.parts).check();
  const empty = new TestParts({ PATH: "" });
  await createClaude(parseOptions(claudeCode, [`bin=${claude.program}`]), empty).check();

  const error = await createClaude(parseOptions(claudeCode, []), empty)
    .check()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MoleculeError);
  expect(error).toMatchObject({
    message: "the program claude was not found on the PATH, or is not executable",
    exitCode: 1,
    hint: expect.stringContaining("--backend exec --backend-opt cmd=…"),
  });
});

test("check: the folder must be there", async () => {
  await expect(parse("bin=/bin/sh", "cwd=/no/such/folder").check()).rejects.toThrow(
    "the folder /no/such/folder, in which the claude-code backend is to run",
  );
});

test("an unclosed quote is an error of usage, found before anything is run", () => {
  expect(() => parse("args=--x 'y")).toThrow(UsageError);
  expect(() => parse("args=--x 'y")).toThrow(
    "option args of the claude-code backend can't be \"--x 'y\": a quote is not closed",
  );
});
