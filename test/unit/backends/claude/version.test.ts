import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { realpathSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClaude } from "../../../../src/backends/claude/create.ts";
import { claudeCode } from "../../../../src/backends/claude/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { fakeClaude } from "../../../harness/fake-claude.ts";
import { untilGone } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, script, TestParts } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const { test } = onPosix("the stand-in for claude is a script");

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

function lab(version?: string) {
  const folder = tmpFolder();
  const path = realpathSync(folder.path);
  const claude = fakeClaude(path, version);
  const parts = new TestParts();
  const create = (bin = claude.program) =>
    createClaude(parseOptions(claudeCode, [`bin=${bin}`]), parts);
  return { path, claude, parts, create, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test.each(["2.1.162 (Claude Code)", "2.0.999", "1.9.300 (Claude Code)", "0.2.9"])(
  "%s is too old",
  async (version) => {
    using t = lab(version);
    await expect(t.create().check()).rejects.toMatchObject({
      message: `${t.claude.program} is Claude Code ${version.split(" ")[0]}, which is too old: 2.1.163 or later is needed`,
      hint: expect.stringContaining("claude update"),
    });
  },
);

test.each(["2.1.163 (Claude Code)", "2.1.213"])("%s will do, with a note", async (version) => {
  using t = lab(version);
  const backend = t.create();
  await backend.check();
  await backend.check();
  expect(t.parts.notes).toHaveLength(1);
  expect(t.parts.notes[0]).toContain("2.1.214 or later");
});

test.each(["2.1.214 (Claude Code)", "2.2.0", "3.0.0-beta", "10.0.1\n"])(
  "%s is new enough",
  async (version) => {
    using t = lab(version);
    await t.create().check();
    expect(t.parts.notes).toEqual([]);
  },
);

test.each(["", "Claude Code", "2.1", "1.2.3.4", "v1.0.0"])(
  "a version that can't be read is no reason to refuse the program: %p",
  async (version) => {
    using t = lab(version);
    await t.create().check();
  },
);

test("it is asked once for each file, and again when the file was replaced", async () => {
  using t = lab();
  const backend = t.create();
  await backend.check();
  await backend.check();
  expect(t.claude.asked()).toBe(1);
  writeFileSync(join(t.path, "version"), "2.1.1");
  utimesSync(t.claude.program, 1, 1);
  await expect(backend.check()).rejects.toThrow("too old");
  await expect(backend.check()).rejects.toThrow("too old");
  expect(t.claude.asked()).toBe(2);
});

test("one that does not say its version in twenty seconds is ended, and not refused", async () => {
  using folder = tmpFolder();
  const clock = new ManualClock();
  const mark = marker();
  const parts = new TestParts({ PATH: process.env.PATH, MARK: mark }, clock);
  const bin = script(folder.path, "claude", "sleep 300; :");
  const checking = createClaude(parseOptions(claudeCode, [`bin=${bin}`]), parts).check();
  await clock.untilSleeping((ms) => ms === 20_000);
  await clock.advance(20_000);
  await clock.advanceUntil(() => clock.pending.length === 0);
  await checking;
  await untilGone(mark);
});

test("it is asked without the secrets of the bridge", async () => {
  using folder = tmpFolder();
  const parts = new TestParts({
    PATH: process.env.PATH,
    MOLECULE_WORKSPACE_TOKEN: "x",
    BUN_X: "y",
  });
  const bin = script(folder.path, "claude", 'env >"$(dirname "$0")/env"; echo 2.1.300');
  await createClaude(parseOptions(claudeCode, [`bin=${bin}`]), parts).check();
  const env = await Bun.file(join(folder.path, "env")).text();
  expect(env).toContain("DISABLE_AUTOUPDATER=1");
  expect(env).not.toMatch(/TOKEN|BUN_X/);
});
