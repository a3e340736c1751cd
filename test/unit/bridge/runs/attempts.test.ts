/** How often a message is run: across restarts, crashes, and the dead letters. */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { buildReply, regenerate } from "../../../../src/a2a/reply.ts";
import { openDeadLetters } from "../../../../src/store/open-dead-letters.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { deadLetters, enter, once, refusal, replies, replyIds, withStore } from "../support.ts";

const AGAIN: Outcome = { kind: "again", reason: "exit 3", told: "the program failed" };
const FAILED: Outcome = { kind: "failed", reason: "exit 65", told: "the program failed" };
const ID = row(1).id;

test("attempts survive a restart: a message is not tried for ever", async () => {
  using folder = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const backend = backendOf(() => AGAIN);
  const setup = { backend, stateDir: folder.path, options: { maxAttempts: 3 } };
  for (let start = 1; start <= 2; start++) {
    // Its clock does not move, so the next try never comes.
    await using bridge = new TestBridge(platform.url, { ...setup, clock: new ManualClock() });
    await bridge.until("run-retry");
    expect(bridge.of("run-retry")).toMatchObject([{ attempt: start, of: 3 }]);
    expect(await bridge.stop()).toBeUndefined();
  }
  const { bridge } = await once(platform, setup);
  await using _ = bridge;
  expect(backend.requests.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(bridge.of("run-failed")).toMatchObject([{ attempts: 3 }]);
  expect(await deadLetters(folder.path)).toMatchObject([{ id: ID, reason: "exit 3" }]);
});

test("a wait that the backend asks for is kept to, and ten minutes at most", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const waits = [30_000, 365 * 24 * 3_600_000];
  const backend = backendOf(() => ({ ...AGAIN, retryAfterMs: waits.shift() ?? 0 }) as Outcome);
  const clock = new ManualClock();
  const options = { heartbeatMs: 2e9, intervalMs: 1e9 };
  await using bridge = new TestBridge(platform.url, { backend, clock, options, random: () => 0 });
  await bridge.until("run-retry");
  await clock.advanceUntil(() => clock.pending.some((ms) => ms > 9e8 && ms <= 1e9));
  await clock.advance(await clock.untilSleeping((ms) => ms > 25_000 && ms <= 30_000));
  await bridge.until("run-retry", 2);
  expect(bridge.of("run-retry").map(({ inMs }) => inMs)).toEqual([30_000, 600_000]);
});

/** Leaves the first message as so many bridges do that died in the middle of its run. */
async function crashed(folder: string, times: number): Promise<void> {
  for (let crash = 1; crash <= times; crash++) {
    await withStore(folder, async (store) => {
      if (crash === 1) await enter(store, row(1));
      else await store.journal.recover(ID);
      await store.journal.begin(ID, true);
    });
  }
}

describe("a message over which bridges died", () => {
  test("four times is run once more, and its backend knows of it", async () => {
    using folder = tmpFolder();
    await crashed(folder.path, 4);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend, stateDir: folder.path });
    await using _ = bridge;
    expect(backend.requests).toMatchObject([{ attempt: 5, interrupted: true }]);
    expect(replies(platform)).toEqual(["echo: text 1"]);
  });

  test("five times is a dead letter, and its asker is told", async () => {
    using folder = tmpFolder();
    await crashed(folder.path, 5);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf();
    const { bridge, end } = await once(platform, { backend, stateDir: folder.path });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(backend.requests).toEqual([]);
    expect(replies(platform)).toEqual(["I could not answer this: it kept failing."]);
    expect(await deadLetters(folder.path)).toMatchObject([{ id: ID, crashes: 5 }]);
  });

  test("keeps its attempts: a crash is counted apart from a run that did nothing", async () => {
    using folder = tmpFolder();
    await crashed(folder.path, 3);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf(() => AGAIN);
    const options = { maxAttempts: 2 };
    const { bridge } = await once(platform, { backend, stateDir: folder.path, options });
    await using _ = bridge;
    expect(backend.requests.length).toBe(2);
  });
});

describe("a dead letter that is retried while the bridge runs", () => {
  test("is run again, and its answer is a new message", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    let mended = false;
    const backend = backendOf(() => (mended ? { kind: "answer", text: "ok" } : FAILED));
    await using bridge = new TestBridge(platform.url, { backend });
    await bridge.until("answered");
    mended = true;
    expect(await retry(bridge.stateDir)).toBe(true);
    await bridge.until("answered", 2);
    expect(replies(platform)).toEqual(["I could not answer this: the program failed.", "ok"]);
    const answered = {
      activityId: ID,
      messageId: undefined,
      contextId: undefined,
      taskId: undefined,
    };
    expect(replyIds(platform)).toEqual([
      buildReply(answered, "", "failure", 0).id,
      buildReply(answered, "", "answer", 1).id,
    ]);
    expect(await deadLetters(bridge.stateDir)).toEqual([]);
  });

  test("has an answer that was refused posted again, as a new message, without another run", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    platform.on("a2a", (_, n) => (n === 1 ? refusal(403) : undefined));
    const backend = backendOf();
    await using bridge = new TestBridge(platform.url, { backend });
    await bridge.until("reply-refused");
    expect(await retry(bridge.stateDir)).toBe(true);
    await bridge.until("answered");
    expect(backend.requests.length).toBe(1);
    expect(replies(platform)).toEqual(["echo: text 1", "echo: text 1"]);
    expect(new Set(replyIds(platform)).size).toBe(2);
  });

  test("begins anew with its attempts", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf(() => AGAIN);
    await using bridge = new TestBridge(platform.url, { backend, options: { maxAttempts: 2 } });
    await bridge.until("answered");
    await retry(bridge.stateDir);
    await bridge.until("answered", 2);
    expect(backend.requests.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 2]);
  });
});

/** As `molecule dead-letter retry` does it, beside the bridge. */
async function retry(folder: string): Promise<boolean> {
  const opened = openDeadLetters(folder, WORKSPACE);
  try {
    return (
      (await opened?.letters.retry(ID, (body, kind, generation) =>
        JSON.stringify(regenerate(JSON.parse(body), ID, kind, generation)),
      )) ?? false
    );
  } finally {
    opened?.close();
  }
}
