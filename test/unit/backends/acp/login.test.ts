/** Whether an agent is logged in, found out without a prompt. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { LOGIN_MS } from "../../../../src/backends/acp/login.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { AcpLab, type LabOptions } from "../../../harness/acp-agent-lab.ts";
import { onPosix } from "../../../harness/platform.ts";
import { untilGone, untilSeen } from "../../../harness/processes.ts";
import { never } from "../support.ts";

const LIMIT = 60_000;
const posix = onPosix("an agent known by name is found as a script").test;

/** What it says, once nothing is left of it. */
async function loginOf(options: LabOptions) {
  await using lab = new AcpLab(options);
  const login = await lab.backend.login?.(never);
  await untilGone(lab.mark);
  // It was no agent of the bridge's, and no message.
  expect([...lab.parts.memory.kept]).toEqual([]);
  expect(lab.parts.notes).toEqual([]);
  return { login, left: readdirSync(lab.cwd).filter((name) => /^[0-9a-f]{8}-/.test(name)) };
}

describe("an agent that refuses a session", () => {
  posix.each(["codex", "gemini", undefined] as const)(
    "for the want of a login is not logged in (%s)",
    async (preset) => {
      const { login } = await loginOf({ offers: "no-login", ...(preset && { preset }) });
      expect(login).toEqual({
        kind: "out",
        reason: "the agent is not logged in",
        hint: expect.stringContaining("it offers: An API key, Log in with a browser"),
      });
    },
    LIMIT,
  );

  test(
    "for another reason is unknown",
    async () => {
      const { login } = await loginOf({ raw: "broken" });
      expect(login).toMatchObject({ kind: "unknown" });
    },
    LIMIT,
  );
});

describe("a session", () => {
  posix.each([
    ["codex", "in"],
    ["gemini", "in"],
    [undefined, "unknown"],
  ] as const)(
    "of %s makes it %s",
    async (preset, kind) => {
      const { login } = await loginOf({ ...(preset && { preset }) });
      expect(login).toMatchObject({ kind });
    },
    LIMIT,
  );

  test(
    "is deleted where the agent can do that",
    async () => {
      expect((await loginOf({ offers: "delete" })).left).toEqual([]);
      expect((await loginOf({})).left).toHaveLength(1);
    },
    LIMIT,
  );

  posix.each(["claude", "opencode"] as const)(
    "is not asked of %s, which opens one for anybody",
    async (preset) => {
      await using lab = new AcpLab({ preset, offers: "no-login" });
      expect(await lab.backend.login?.(never)).toMatchObject({ kind: "unknown" });
      expect(readdirSync(lab.cwd)).toHaveLength(1);
    },
    LIMIT,
  );
});

describe("an agent that tells of its login", () => {
  test.each([
    ["tells-api_key", { kind: "in", as: "api_key" }],
    ["tells-account", { kind: "in", as: "account" }],
    ["tells-me@example.com", { kind: "in", as: undefined }],
    ["tells-none", { kind: "unknown", why: expect.stringContaining("all the same") }],
  ])(
    "is believed that it has one, and asked again where it has none (%s)",
    async (raw, expected) => {
      expect((await loginOf({ raw })).login).toEqual(expected as never);
    },
    LIMIT,
  );
});

describe("an agent that keeps to no protocol is unknown", () => {
  test.each([
    ["exit", "it ended"],
    ["babble", "it ended"],
    ["refuse", "another reason"],
    ["nothing", "version 1"],
    ["v2", "version 1"],
    ["no-id", "no id"],
  ])(
    "%s",
    async (raw, why) => {
      const { login } = await loginOf({ raw });
      expect(login).toEqual({ kind: "unknown", why: expect.stringContaining(why) });
    },
    LIMIT,
  );

  test(
    "one that is not there",
    async () => {
      const { login } = await loginOf({ command: "no-such-program-here" });
      expect(login).toMatchObject({ kind: "unknown" });
    },
    LIMIT,
  );

  test.each(["silent", "no-session"])(
    "one that hangs is ended after some seconds (%s)",
    async (raw) => {
      const clock = new ManualClock();
      await using lab = new AcpLab({ raw, clock });
      const asking = lab.backend.login?.(never);
      await clock.untilSleeping((ms) => ms === LOGIN_MS);
      await untilSeen(lab.mark, 1);
      await clock.advance(LOGIN_MS);
      let isOver = false;
      void asking?.then(() => (isOver = true));
      await clock.advanceUntil(() => isOver, 50);
      expect(await asking).toMatchObject({ kind: "unknown" });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test(
    "one that nobody waits for any more is ended",
    async () => {
      await using lab = new AcpLab({ raw: "silent" });
      const over = new AbortController();
      const asking = lab.backend.login?.(over.signal);
      await untilSeen(lab.mark, 1);
      over.abort();
      expect(await asking).toMatchObject({ kind: "unknown" });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  posix(
    "one that nobody waits for from the beginning is not started",
    async () => {
      await using lab = new AcpLab({ command: "sh -c 'touch started'" });
      expect(await lab.backend.login?.(AbortSignal.abort())).toMatchObject({ kind: "unknown" });
      expect(readdirSync(lab.cwd)).toEqual([]);
    },
    LIMIT,
  );
});
