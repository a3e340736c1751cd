/** What the backend asks for patience with: tries that do not count. */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { Patience } from "../../../../src/bridge/runs/patience.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { deadLetters, once, other, replies } from "../support.ts";

const HALF_AN_HOUR_MS = 30 * 60_000;
const STEP_MS = 5_000;
const OVERLOADED: Outcome = {
  kind: "again",
  reason: "the model is overloaded (529)",
  told: "the model is overloaded",
  overloaded: true,
};
const ANSWER: Outcome = { kind: "answer", text: "ok" };

test("patience lasts for half an hour from the first time, for each message", async () => {
  const clock = new ManualClock();
  const patience = new Patience(clock);
  expect(patience.lasts("a")).toBe(true);
  await clock.advance(HALF_AN_HOUR_MS - 1);
  expect([patience.lasts("a"), patience.lasts("b")]).toEqual([true, true]);
  await clock.advance(1);
  expect([patience.lasts("a"), patience.lasts("b")]).toEqual([false, true]);
  expect([patience.next("b"), patience.next("b")]).toEqual([1, 2]);
  patience.forget("a");
  patience.forget("b");
  expect([patience.lasts("a"), patience.next("b")]).toEqual([true, 1]);
});

describe("a message whose backend is overloaded", () => {
  test("is tried with growing pauses that do not count, then as often as any other", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    const backend = backendOf(() => OVERLOADED);
    const options = { maxAttempts: 2, intervalMs: 1e9, heartbeatMs: 2e9 };
    const random = () => 0.999_999;
    await using bridge = new TestBridge(platform.url, { backend, clock, options, random });
    await bridge.until("run-retry");
    // The feed is not looked at again: then the clock may take large steps.
    await clock.advanceUntil(() => clock.pending.some((ms) => ms > 9e8 && ms <= 1e9));
    await clock.advanceUntil(() => bridge.of("run-failed").length > 0, STEP_MS);
    await bridge.untilTrue(() => bridge.of("answered").some(({ kind }) => kind === "failure"));
    const tries = bridge.of("run-retry");
    const patient = tries.filter(({ counted }) => !counted);
    expect(patient.slice(0, 8).map(({ inMs }) => Math.round(inMs / 1_000))).toEqual([
      5, 10, 20, 40, 80, 160, 300, 300,
    ]);
    expect(patient.map(({ attempt }) => attempt)).toEqual(patient.map((_, n) => n + 1));
    const waited = patient.reduce((sum, { inMs }) => sum + inMs, 0);
    // Each try may have come a few steps of the clock later.
    expect(waited).toBeGreaterThan(HALF_AN_HOUR_MS - patient.length * 5 * STEP_MS);
    expect(waited).toBeLessThan(HALF_AN_HOUR_MS + 310_000);
    expect(tries.filter(({ counted }) => counted)).toMatchObject([{ attempt: 1, of: 2 }]);
    // He hears once that he has to wait, when that is not over within a minute.
    expect(replies(platform)).toEqual([
      "I can't answer yet: the model is overloaded. Your message is kept, and answered as soon as I can.",
      "I could not answer this: the model is overloaded.",
    ]);
    await bridge.stop();
    expect(await deadLetters(bridge.stateDir)).toMatchObject([{ attempts: 2, crashes: 0 }]);
  });

  test("has its attempts and its peer's turns left when it is answered", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    const backend = backendOf(() => (backend.requests.length <= 6 ? OVERLOADED : ANSWER));
    const options = { maxAttempts: 2, turnLimit: 1, intervalMs: LOOK_MS, heartbeatMs: 900_000 };
    await using bridge = new TestBridge(platform.url, { backend, clock, options });
    await pump(clock, () => bridge.of("answered").length === 1, 100, bridge);
    expect(replies(platform)).toEqual(["ok"]);
    expect(backend.requests.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(bridge.of("turn-limit")).toEqual([]);
  });

  test("waits as long as it is asked to, and ten minutes at most, holding up no other lane", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const waits = [90_000, 86_400_000];
    const backend = backendOf((r) =>
      r.text === "text 1" ? { ...OVERLOADED, retryAfterMs: waits.shift() ?? 0 } : ANSWER,
    );
    const clock = new ManualClock();
    const options = { concurrency: 1, intervalMs: LOOK_MS, heartbeatMs: 900_000 };
    const setup = { backend, clock, options, random: () => 0 };
    await using bridge = new TestBridge(platform.url, setup);
    await bridge.until("run-retry");
    platform.rows.push(other(2));
    await pump(clock, () => bridge.of("answered").length === 1, LOOK_MS, bridge);
    expect(replies(platform)).toEqual(["ok"]);
    expect(clock.monotonic()).toBeLessThan(60_000);
    await pump(clock, () => bridge.of("run-retry").length === 2, 200, bridge);
    expect(bridge.of("run-retry").map(({ inMs }) => inMs)).toEqual([90_000, 600_000]);
  });

  test("is left for the next start by --once, after as many tries as any other has", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    let mended = false;
    const backend = backendOf(() => (mended ? ANSWER : OVERLOADED));
    const stateDir = folder.path;
    const options = { once: true, maxAttempts: 3, heartbeatMs: 900_000 };
    await using bridge = new TestBridge(platform.url, { backend, clock, options, stateDir });
    await clock.advanceUntil(() => bridge.of("stopped").length === 1, 20);
    expect(await bridge.ended).toBeUndefined();
    expect(backend.requests.length).toBe(3);
    expect(bridge.of("run-left")).toMatchObject([{ activityId: row(1).id }]);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, dead: 0, waiting: 1 }]);
    mended = true;
    const next = await once(platform, { backend, stateDir });
    await using _ = next.bridge;
    expect(replies(platform)).toEqual(["ok"]);
  });

  test("counts as before where another kind of failure comes between", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const clock = new ManualClock();
    const ends: Outcome[] = [
      OVERLOADED,
      { kind: "again", reason: "exit 3", told: "it failed" },
      OVERLOADED,
      { kind: "again", reason: "exit 3", told: "it failed" },
    ];
    const backend = backendOf(() => ends.shift() ?? ANSWER);
    const options = { maxAttempts: 2, intervalMs: LOOK_MS, heartbeatMs: 900_000 };
    await using bridge = new TestBridge(platform.url, { backend, clock, options });
    await pump(clock, () => bridge.of("answered").length === 1, 100, bridge);
    expect(bridge.of("run-retry").map(({ counted }) => counted)).toEqual([false, true, false]);
    expect(replies(platform)).toEqual(["I could not answer this: it failed."]);
  });
});

test("a file that can't be fetched, since the platform is away, uses up no attempt", async () => {
  await using platform = new ScriptedPlatform();
  const file = {
    uri: `platform-pending:${WORKSPACE}/f0000000-0000-4000-8000-000000000001`,
    name: "a.txt",
    mimeType: "text/plain",
  };
  const message = {
    role: "user",
    messageId: "m",
    parts: [
      { kind: "text", text: "look" },
      { kind: "file", file },
    ],
  };
  const request_body = { jsonrpc: "2.0", id: 1, method: "message/send", params: { message } };
  platform.rows = [row(1, { source_id: null, request_body })];
  platform.on("download", (_, nth) =>
    nth <= 4 ? Response.json({ error: "away" }, { status: 503 }) : undefined,
  );
  const clock = new ManualClock();
  const backend = backendOf(() => ANSWER, { readsFiles: true });
  const options = { maxAttempts: 2, intervalMs: LOOK_MS, heartbeatMs: 900_000 };
  await using bridge = new TestBridge(platform.url, { backend, clock, options });
  await pump(clock, () => bridge.of("answered").length === 1, 100, bridge);
  expect(backend.requests.map(({ attempt }) => attempt)).toEqual([1]);
  expect(bridge.of("run-retry").length).toBe(4);
  expect(bridge.of("run-retry").every(({ counted }) => counted === false)).toBe(true);
});
