/** How many runs an hour has, and which of a message's tries are one of them. */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../src/backends/backend.ts";
import { HourlyTurns } from "../../../src/push/hourly-turns.ts";
import { backendOf } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { calm, held } from "./held.ts";
import { saying, TestMemory, TestPush, withSecret } from "./support.ts";

test("an hour's runs are counted by the minute, and a clock that is set back frees them", async () => {
  const memory = new TestMemory();
  const clock = new ManualClock();
  const turns = new HourlyTurns(memory, clock, 2);
  await turns.load();
  expect(await turns.turn().take()).toBeUndefined();
  await clock.advance(30 * 60_000);
  expect(await turns.turn().take()).toBeUndefined();
  expect(await turns.turn().take()).toBe(30 * 60_000);
  const next = new HourlyTurns(memory, clock, 2);
  await next.load();
  expect(await next.turn().take()).toBe(30 * 60_000);
  await clock.advance(30 * 60_000);
  expect(await next.turn().take()).toBeUndefined();
  const back = new HourlyTurns(memory, new ManualClock(Date.UTC(2020, 0, 1)), 1);
  await back.load();
  expect(await back.turn().take()).toBeUndefined();
});

test("a turn that could not be written down was not taken", async () => {
  const memory = new TestMemory();
  const turns = new HourlyTurns(memory, new ManualClock(), 1);
  const remember = memory.remember.bind(memory);
  memory.remember = () => Promise.reject(new Error("full"));
  for (let n = 0; n < 3; n++) await expect(turns.turn().take()).rejects.toThrow("full");
  memory.remember = remember;
  expect(await turns.turn().take()).toBeUndefined();
  expect(await turns.turn().take()).toBeNumber();
});

describe("the turn of a message", () => {
  const turnsOf = (limit: number, memory = new TestMemory(), clock = new ManualClock()) => ({
    turns: new HourlyTurns(memory, clock, limit),
    memory,
    clock,
  });

  test("is one for all of its tries, until one counts", async () => {
    const { turns } = turnsOf(2);
    const turn = turns.turn();
    for (let n = 0; n < 5; n++) expect(await turn.take()).toBeUndefined();
    expect(await turns.turn().take()).toBeUndefined();
    turn.spend();
    expect(await turn.take()).toBeNumber();
  });

  test("is another's where it was not spent, after a restart as well", async () => {
    const { turns, memory, clock } = turnsOf(1);
    const turn = turns.turn();
    await turn.take();
    await clock.advance(10 * 60_000);
    await turn.end();
    const other = turns.turn();
    expect(await other.take()).toBeUndefined();
    expect(await turns.turn().take()).toBe(60 * 60_000);
    await other.end();
    await other.end();
    const next = turnsOf(1, memory, clock).turns;
    await next.load();
    expect(await next.turn().take()).toBeUndefined();
    expect(await next.turn().take()).toBeNumber();
  });

  test("that is given back makes no room where the clock was set back and it is not counted", async () => {
    const { turns, clock } = turnsOf(1);
    const turn = turns.turn();
    await turn.take();
    clock.suspend(-10 * 60_000);
    expect(await turns.turn().take()).toBeUndefined();
    await turn.end();
    await clock.advance(10 * 60_000);
    expect(await turns.turn().take()).toBeNumber();
  });

  test("which comes when nobody waits for it any more is free again", async () => {
    const { turns, memory } = turnsOf(1);
    const remember = memory.remember.bind(memory);
    const { promise, resolve } = Promise.withResolvers<void>();
    memory.remember = (key, value) => promise.then(() => remember(key, value));
    const late = turns.turn();
    const taking = late.take();
    await late.end();
    resolve();
    await taking;
    expect(await late.take()).toBeUndefined();
    expect(await turns.turn().take()).toBeUndefined();
  });
});

describe("with --turn-limit a message", () => {
  const overloaded: Outcome = { kind: "again", reason: "429", told: "no", overloaded: true };
  const slow: Outcome = { ...overloaded, retryAfterMs: 600_000 };

  async function isFree(bridge: TestPush): Promise<void> {
    expect(await bridge.say("another")).toBe("another");
    expect((await bridge.post(saying("one more"))).status).toBe(429);
  }

  test("whose backend is overloaded takes one turn, however often it is tried", async () => {
    const clock = new ManualClock();
    await using platform = withSecret(new ScriptedPlatform());
    let tries = 0;
    const backend = backendOf(({ text }) => {
      if (text === "patient" && ++tries < 6) return overloaded;
      return { kind: "answer", text };
    });
    const options = { ...calm, turnLimit: 2, maxAttempts: 2 };
    await using bridge = await TestPush.start(platform, { backend, clock, options });
    let said: string | undefined;
    void bridge.say("patient").then((text) => (said = text));
    await clock.advanceUntil(() => said !== undefined, 100);
    expect(said).toBe("patient");
    expect(tries).toBe(6);
    await isFree(bridge);
  });

  test("takes one for each try that counts", async () => {
    await using platform = withSecret(new ScriptedPlatform());
    const backend = backendOf(() => ({ kind: "again", reason: "no", told: "no" }));
    const options = { turnLimit: 2, maxAttempts: 9 };
    await using bridge = await TestPush.start(platform, { backend, options });
    const { status } = await bridge.post(saying("hello"));
    expect([status, backend.requests.length]).toEqual([429, 2]);
  });

  test("that is sent away without a run that counts leaves its turn, and its patience begins anew", async () => {
    const clock = new ManualClock();
    await using platform = withSecret(new ScriptedPlatform());
    const backend = backendOf(({ text }) => (text === "another" ? { kind: "answer", text } : slow));
    const options = { ...calm, turnLimit: 1, maxAttempts: 1 };
    await using bridge = await TestPush.start(platform, { backend, clock, options });
    const message = saying("hello", { messageId: "m" });
    for (let round = 1; round <= 2; round++) {
      const doomed = bridge.post(message);
      for (let n = 1; n <= 2; n++) {
        await bridge.until("run-retry", (round - 1) * 3 + n);
        await clock.untilSleeping((ms) => ms > 590_000 && ms < 610_000);
        await clock.advance(601_000);
      }
      expect(JSON.parse((await doomed).text).error.message).toBe("the agent is busy");
      // More than half an hour after the first of its tries.
      await clock.advance(600_000);
    }
    expect(bridge.of("run-retry").map(({ attempt, counted }) => [attempt, counted])).toEqual(
      [1, 2, 3, 1, 2, 3].map((attempt) => [attempt, false]),
    );
    await isFree(bridge);
  });

  test("that only the operator can help leaves its turn", async () => {
    const clock = new ManualClock();
    await using platform = withSecret(new ScriptedPlatform());
    const trouble: Outcome = { kind: "operator", reason: "no key", told: "no", hint: "log in" };
    const backend = backendOf(({ text }) =>
      text === "another" ? { kind: "answer", text } : trouble,
    );
    const options = { ...calm, turnLimit: 1 };
    await using bridge = await TestPush.start(platform, { backend, clock, options });
    expect((await bridge.post(saying("hello"))).status).toBe(503);
    await clock.untilSleeping((ms) => ms > 30_000 && ms <= 60_000);
    await clock.advance(60_000);
    await isFree(bridge);
  });

  test("whose run is cut by the end of the bridge leaves its turn to the next one", async () => {
    using folder = tmpFolder();
    const stateDir = folder.path;
    await using platform = withSecret(new ScriptedPlatform());
    const { backend, until } = held();
    const options = { graceMs: 0, turnLimit: 1 };
    {
      await using bridge = await TestPush.start(platform, { backend, stateDir, options });
      const doomed = bridge.post(saying("hello"));
      await until(1);
      await bridge.stop();
      expect((await doomed).body.restarting).toBe(true);
    }
    const echo = backendOf(({ text }) => ({ kind: "answer", text }));
    await using next = await TestPush.start(platform, { backend: echo, stateDir, options });
    await isFree(next);
  });
});
