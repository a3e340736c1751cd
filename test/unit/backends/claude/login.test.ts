/** Whether claude is logged in: what it says, and what must not be taken for its word. */
import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClaude } from "../../../../src/backends/claude/create.ts";
import { claudeCode } from "../../../../src/backends/claude/declaration.ts";
import { LOGIN_MS } from "../../../../src/backends/claude/login.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { fakeClaude } from "../../../harness/fake-claude.ts";
import { onPosix } from "../../../harness/platform.ts";
import { untilGone, untilSeen } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, never, script, TestParts } from "../support.ts";

const { test } = onPosix("the stand-in for claude is a script");

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

const OUT = '{\n  "loggedIn": false,\n  "authMethod": "none",\n  "apiProvider": "firstParty"\n}\n';
const IN = '{"loggedIn":true,"authMethod":"api_key","apiProvider":"firstParty"}';

function lab(login = OUT, version?: string) {
  const folder = tmpFolder();
  const path = realpathSync(folder.path);
  const claude = fakeClaude(path, version);
  if (login !== "") claude.says(login);
  return {
    path,
    claude,
    /** As the doctor does, with these options beside the program and the folder. */
    async login(...options: string[]) {
      const given = [`bin=${claude.program}`, `cwd=${path}`, ...options];
      const backend = createClaude(parseOptions(claudeCode, given), new TestParts());
      await backend.check();
      return backend.login?.(never);
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** A claude that answers `auth status` with this piece of `sh`. */
function scripted(body: string, env: Record<string, string> = {}, clock?: ManualClock) {
  const folder = tmpFolder();
  const claude = `case $1 in --version) echo 2.1.250;; *) ${body};; esac`;
  const bin = script(folder.path, "claude", claude);
  const parts = new TestParts({ PATH: process.env.PATH ?? "", ...env }, clock);
  const given = [`bin=${bin}`, `cwd=${folder.path}`];
  return {
    path: folder.path,
    backend: createClaude(parseOptions(claudeCode, given), parts),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

test("one that is not logged in says so, with what to do", async () => {
  using t = lab();
  expect(await t.login()).toEqual({
    kind: "out",
    reason: "claude is not logged in",
    hint: "run `claude` once and log in, or set ANTHROPIC_API_KEY",
  });
  expect(t.claude.runs()).toEqual([]);
});

test.each([
  ["api_key", "api_key"],
  ["claude.ai", "claude.ai"],
  ["oauth_token", "oauth_token"],
  ["none", undefined],
  ["somebody@example.com", undefined],
  ["sk-ant-api03-key", undefined],
  [7, undefined],
])("one that is logged in by %p says no more than a plain word", async (authMethod, as) => {
  const email = "somebody@example.com";
  const status = { loggedIn: true, authMethod, apiProvider: "firstParty", email, orgName: email };
  using t = lab(JSON.stringify(status));
  expect(await t.login()).toEqual({ kind: "in", as });
});

test.each([
  ["another provider, whatever it says", OUT.replace("firstParty", "bedrock")],
  ["another provider, also where it is logged in", IN.replace("firstParty", "vertex")],
  ["no provider", '{"loggedIn":false}'],
  ["a text for an answer", '{"loggedIn":"false","apiProvider":"firstParty"}'],
  ["words", "Not logged in. Run claude auth login to authenticate."],
  ["a list", "[false]"],
  ["half of it", OUT.slice(0, 40)],
  ["too much of it", OUT + " ".repeat(40_000) + "x"],
])("%s is unknown, never logged out", async (_, login) => {
  using t = lab(login);
  expect(await t.login()).toMatchObject({ kind: "unknown" });
});

test("one that has no such command is unknown", async () => {
  using t = scripted("echo \"error: unknown command 'auth'\" >&2; exit 1");
  await t.backend.check();
  expect(await t.backend.login?.(never)).toMatchObject({ kind: "unknown" });
});

test("one whose version is unknown is not asked: an old one would take it for a prompt", async () => {
  using t = lab("", "Claude Code");
  expect(await t.login()).toMatchObject({
    kind: "unknown",
    why: expect.stringContaining("version"),
  });
  expect(t.claude.runs()).toEqual([]);
});

test.each([
  ["args=--settings other.json", "unknown"],
  ["args=--settings=other.json", "unknown"],
  ["args=--bare", "unknown"],
  ["args=--setting-sources=user", "unknown"],
  ["args=--effort high", "out"],
])("with %s it is %s", async (option, kind) => {
  using t = lab();
  expect(await t.login(option)).toMatchObject({ kind });
});

test.each([
  ["settings.json", '{"env":{"ANTHROPIC_API_KEY":"x"}}', "unknown"],
  ["settings.local.json", '{"env":{"ANTHROPIC_API_KEY":"x"}}', "unknown"],
  ["settings.local.json", "{ no JSON", "unknown"],
  ["settings.json", '{"env":{}}', "out"],
  ["settings.json", '{"model":"x"}', "out"],
])(
  "%s of the folder with %s makes it %s: a run may find a login there",
  async (name, text, kind) => {
    using t = lab();
    mkdirSync(join(t.path, ".claude"));
    writeFileSync(join(t.path, ".claude", name), text);
    expect(await t.login()).toMatchObject({ kind });
  },
);

test("it is asked in the folder and the environment of a run, less the secrets of the bridge", async () => {
  using t = scripted(`pwd >where; env >env; echo '${IN}'`, {
    MOLECULE_WORKSPACE_TOKEN: "x",
    BUN_X: "y",
  });
  await t.backend.check();
  expect(await t.backend.login?.(never)).toEqual({ kind: "in", as: "api_key" });
  expect(readFileSync(join(t.path, "where"), "utf8").trim()).toBe(realpathSync(t.path));
  const env = readFileSync(join(t.path, "env"), "utf8");
  expect(env).toContain("DISABLE_AUTOUPDATER=1");
  expect(env).not.toMatch(/TOKEN|BUN_X/);
});

test("one that hangs is ended after some seconds, with what it has started", async () => {
  const clock = new ManualClock();
  const mark = marker();
  using t = scripted("sleep 300; :", { MARK: mark }, clock);
  await t.backend.check();
  const asking = t.backend.login?.(never);
  await clock.untilSleeping((ms) => ms === LOGIN_MS);
  await untilSeen(mark, 2);
  await clock.advance(LOGIN_MS);
  await clock.advanceUntil(() => clock.pending.length === 0);
  expect(await asking).toMatchObject({ kind: "unknown" });
  await untilGone(mark);
});

test("it is ended when nobody waits for it any more", async () => {
  const mark = marker();
  // Its time never comes.
  using t = scripted("sleep 300; :", { MARK: mark }, new ManualClock());
  await t.backend.check();
  const over = new AbortController();
  const asking = t.backend.login?.(over.signal);
  await untilSeen(mark, 2);
  over.abort();
  expect(await asking).toMatchObject({ kind: "unknown" });
  await untilGone(mark);
});
