import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BackendRequest, Outcome } from "../../../../src/backends/backend.ts";
import { LINGER_MS, PIPE_GRACE_MS } from "../../../../src/backends/process/child.ts";
import { createClaude } from "../../../../src/backends/claude/create.ts";
import { claudeCode } from "../../../../src/backends/claude/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { fakeClaude, type FakeClaudeKnob } from "../../../harness/fake-claude.ts";
import { untilGone } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, never, request, TestParts } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const { test } = onPosix("the stand-in for claude is a script");

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

/** A claude that ends in this way, on a clock that stands still. */
function lab(knob: FakeClaudeKnob) {
  const folder = tmpFolder();
  const cwd = realpathSync(folder.path);
  const claude = fakeClaude(cwd);
  claude.does(knob);
  const mark = marker();
  const clock = new ManualClock();
  const parts = new TestParts({ PATH: process.env.PATH, MARK: mark }, clock);
  const texts: string[] = [];
  const tasks: string[] = [];
  const options = parseOptions(claudeCode, [`bin=${claude.program}`, `cwd=${cwd}`]);
  const backend = createClaude(options, parts);
  return {
    claude,
    parts,
    clock,
    mark,
    texts,
    tasks,
    run: (over: Partial<BackendRequest> = {}, onChild = () => {}) =>
      backend.run(request(over), never, {
        onChild,
        onText: (text) => void texts.push(text),
        onTask: (task) => void tasks.push(task),
      }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

test("an answer says what it cost", async () => {
  using t = lab("answer");
  expect(await t.run({ text: "hi" })).toEqual({
    kind: "answer",
    text: "0 before; hi",
    costUsd: 0.01,
  });
  expect(t.texts).toEqual([]);
});

test("tells what it says and does on the way, and not the answer", async () => {
  using t = lab("work");
  expect(await t.run({ text: "hi" })).toMatchObject({ text: "0 before; hi" });
  expect(t.texts).toEqual(["let me look", "found it"]);
  expect(t.tasks).toEqual(["using Read"]);
});

test("one that hangs after its answer has ten seconds, and its answer counts", async () => {
  using t = lab("hang-after-result");
  const running = t.run({ text: "hi" });
  await t.clock.untilSleeping((ms) => ms === LINGER_MS);
  await t.clock.advance(LINGER_MS);
  await t.clock.advanceUntil(() => t.clock.pending.length === 0);
  expect(await running).toMatchObject({ kind: "answer", text: "0 before; hi" });
  await untilGone(t.mark);
});

test("what it left behind, holding its pipes, does not cost the answer", async () => {
  using t = lab("leftover");
  const running = t.run({ text: "hi" });
  await t.clock.untilSleeping((ms) => ms === PIPE_GRACE_MS);
  await t.clock.advance(PIPE_GRACE_MS);
  expect(await running).toMatchObject({ kind: "answer", text: "0 before; hi" });
  await untilGone(t.mark);
});

test("an answer of megabytes, after more of a tool's output, comes whole", async () => {
  using t = lab("huge");
  expect(await t.run()).toMatchObject({ kind: "answer", text: "y".repeat(3_000_000) });
});

test("one that never ends is ended after five minutes", async () => {
  using t = lab("hang");
  const running = t.run();
  await t.clock.untilSleeping((ms) => ms === 300_000);
  await t.clock.advance(300_000);
  await t.clock.advanceUntil(() => t.clock.pending.length === 0);
  expect(await running).toMatchObject({
    kind: "failed",
    told: "the agent did not finish within 5 min",
  });
  await untilGone(t.mark);
});

test("files that it leaves are an answer, without a word", async () => {
  using t = lab("wordless");
  using folder = tmpFolder();
  expect(await t.run({ answerFolder: folder.path })).toMatchObject({
    kind: "failed",
    reason: "claude gave a result without text",
  });
  mkdirSync(join(folder.path, "deep"));
  writeFileSync(join(folder.path, "deep", "a.txt"), "x");
  expect(await t.run({ answerFolder: folder.path })).toEqual({
    kind: "answer",
    text: "",
    costUsd: 0.01,
  });
});

test("what it takes to be refused a session is part of its time", async () => {
  using t = lab("answer");
  await t.run();
  const { kept } = t.parts.memory;
  for (const [key, text] of kept) kept.set(key, text.replace('"begun":true', '"begun":false'));
  t.claude.does("hang");
  let children = 0;
  const running = t.run({}, () => {
    if (++children === 1) t.clock.stall(100_000);
  });
  await t.clock.untilSleeping((ms) => ms === 200_000);
  await t.clock.advance(200_000);
  await t.clock.advanceUntil(() => t.clock.pending.length === 0);
  expect((await running).kind).toBe("failed");
  expect(children).toBe(2);
});

test.each<[FakeClaudeKnob, Partial<Outcome>]>([
  ["empty", { kind: "failed", reason: "claude printed nothing and exited with status 0" }],
  ["prose", { kind: "failed", reason: "claude printed no result and exited with status 0" }],
  ["cut", { kind: "failed", reason: "claude printed no result and exited with status 0" }],
  [
    "interrupted",
    { kind: "failed", reason: "claude ended with an error (error_during_execution)" },
  ],
  ["killed", { kind: "failed" }],
  ["max-turns", { kind: "failed", costUsd: 0.02 }],
  ["max-budget", { kind: "failed", costUsd: 0.02 }],
  ["logged-out", { kind: "operator", reason: "claude is not logged in, or not allowed" }],
  ["401", { kind: "operator" }],
  ["403", { kind: "operator" }],
  ["credit", { kind: "operator", hint: "check the account's credit, or use another account" }],
  ["no-model", { kind: "operator" }],
  ["unreachable", { kind: "again", overloaded: true }],
  ["429", { kind: "again", overloaded: true, retryAfterMs: 1_100 }],
  ["500", { kind: "again", overloaded: true }],
  ["529", { kind: "again", overloaded: true }],
  ["529-after-work", { kind: "failed" }],
])("%s", async (knob, expected) => {
  using t = lab(knob);
  const outcome = await t.run();
  expect(outcome).toMatchObject(expected);
  if (!("told" in outcome)) throw new Error(outcome.kind);
  expect(outcome.told).not.toMatch(/claude|API|\/|529/);
});

test("what it was not allowed to use is noted once, beside its answer", async () => {
  using t = lab("denied");
  expect((await t.run()).kind).toBe("answer");
  expect((await t.run()).kind).toBe("answer");
  expect(t.parts.notes).toEqual([
    "claude was not allowed to use Bash (--backend-opt allowed_tools=… and permission_mode=… say what is)",
  ]);
});
