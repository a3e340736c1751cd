/** Pushed messages that fail, are tried again, or are refused: trouble, floods, limits. */
import { expect, test } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { backendOf } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { answer, calm, held } from "./held.ts";
import { saying, TestPush, withSecret } from "./support.ts";

test("a failure is an error for the sender, and the answer to repeats for ten minutes", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf(() => ({
    kind: "failed",
    reason: "/secret/path broke",
    told: "the agent broke",
  }));
  await using bridge = await TestPush.start(platform, { backend, clock, options: calm });
  const failing = saying("hello", { messageId: "m" });
  const { status, body } = await bridge.post(failing);
  expect(status).toBe(200);
  expect(body).toEqual({
    jsonrpc: "2.0",
    id: "r1",
    error: { code: -32603, message: "I could not answer this: the agent broke." },
  });
  expect(bridge.of("run-failed")).toMatchObject([{ kept: false, reason: "/secret/path broke" }]);
  expect((await bridge.post(failing)).body).toEqual(body);
  expect(backend.requests).toHaveLength(1);
  await clock.advance(600_000);
  await bridge.post(failing);
  expect(backend.requests).toHaveLength(2);
});

test("a run that did nothing is tried again on the open request, and given up after the last try", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  let tries = 0;
  const backend = backendOf(({ text }) => {
    tries += 1;
    if (text === "hopeless" || tries < 3)
      return { kind: "again", reason: "no", told: "it did not start" };
    return { kind: "answer", text: `try ${tries}` };
  });
  await using bridge = await TestPush.start(platform, { backend });
  expect(await bridge.say("hello")).toBe("try 3");
  expect(bridge.of("run-retry").map(({ attempt, of }) => [attempt, of])).toEqual([
    [1, 3],
    [2, 3],
  ]);
  const { body } = await bridge.post(saying("hopeless"));
  expect(body.error).toEqual({
    code: -32603,
    message: "I could not answer this: it did not start.",
  });
  expect(tries).toBe(6);
});

test("a pause between two tries holds no slot", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  let tries = 0;
  const backend = backendOf(({ text }) => {
    if (text === "patient" && ++tries === 1) {
      return { kind: "again", reason: "no", told: "no", retryAfterMs: 60_000 };
    }
    return { kind: "answer", text };
  });
  await using bridge = await TestPush.start(platform, { backend, clock });
  const patient = bridge.say("patient");
  await bridge.until("run-retry");
  expect(await bridge.say("quick")).toBe("quick");
  await clock.untilSleeping((ms) => ms > 59_000 && ms < 70_000);
  await clock.advance(61_000);
  expect(await patient).toBe("patient");
});

test("tries that would last longer than the platform holds a request end it, and nothing was done", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const clock = new ManualClock();
  const again = { kind: "again", reason: "no", told: "no", retryAfterMs: 600_000 } as const;
  const backend = backendOf(() => again);
  await using bridge = await TestPush.start(platform, {
    backend,
    clock,
    options: { ...calm, maxAttempts: 99 },
  });
  const doomed = bridge.post(saying("hello"));
  for (let n = 1; n <= 2; n++) {
    await bridge.until("run-retry", n);
    await clock.untilSleeping((ms) => ms > 590_000 && ms < 610_000);
    await clock.advance(601_000);
  }
  const { status, text } = await doomed;
  // It was begun before its end was known.
  expect(status).toBe(200);
  expect(text).toStartWith("\n");
  expect(JSON.parse(text).error).toEqual({
    code: -32603,
    message: "the agent is busy",
    data: { retry_after: 30 },
  });
  expect(backend.requests).toHaveLength(3);
});

test("while only the operator can help, messages are refused, and he is told once", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  let works = false;
  const trouble = {
    kind: "operator",
    reason: "not logged in",
    told: "I am not set up",
    hint: "log in",
  } as const;
  const backend = backendOf(({ text }) => (works ? { kind: "answer", text } : trouble), {
    check: async () => {
      if (!works) throw new MoleculeError("not logged in");
    },
  });
  await using bridge = await TestPush.start(platform, { backend, clock });
  for (let n = 0; n < 3; n++) {
    const { status, headers, body } = await bridge.post(saying("hello"));
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("60");
    expect(body).toEqual({
      error: "the agent can't answer now: I am not set up",
      busy: true,
      retry_after: 60,
    });
  }
  expect(backend.requests).toHaveLength(1);
  expect(bridge.of("backend-paused")).toMatchObject([{ kept: false }]);
  works = true;
  await clock.untilSleeping((ms) => ms > 30_000 && ms <= 60_000);
  await clock.advance(60_000);
  expect(await bridge.say("hello")).toBe("hello");
  expect(bridge.of("backend-resumed")).toHaveLength(1);
});

test("beyond 64 waiting requests the next is told to come again", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const { backend, until, letGo } = held();
  await using bridge = await TestPush.start(platform, { backend, options: { graceMs: 0 } });
  const all = Array.from({ length: 65 }, (_, n) => bridge.post(saying(`text ${n}`)));
  await until(1);
  const busy = { error: "the agent is busy", busy: true, retry_after: 30 };
  // Those before it may still be on their way.
  let refused = await bridge.post(saying("one more"));
  while (refused.status !== 503) refused = await bridge.post(saying("one more"));
  expect(refused.body).toEqual(busy);
  expect(refused.headers.get("retry-after")).toBe("30");
  letGo("text 0");
  bridge.drain();
  const ends = await Promise.all(all);
  expect(ends.filter(({ body }) => answer(body) !== undefined).length).toBeGreaterThanOrEqual(1);
  expect(ends.filter(({ body }) => body.restarting === true).length).toBeGreaterThanOrEqual(62);
});

test("who has waited for 25 minutes is sent away before the platform gives up on him", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  const { backend, until } = held();
  await using bridge = await TestPush.start(platform, {
    clock,
    backend: { ...backend, timeoutMs: 36_000_000 },
    options: { ...calm, graceMs: 0 },
  });
  const running = bridge.say("running", { contextId: "a" });
  await until(1);
  const waiting = bridge.post(saying("waiting", { contextId: "a" }));
  await clock.untilSleeping((ms) => ms === 25 * 60_000);
  await clock.advanceUntil(() => clock.monotonic() > 26 * 60_000, 10_000);
  expect(JSON.parse((await waiting).text).error).toMatchObject({ message: "the agent is busy" });
  expect(backend.requests).toHaveLength(1);
  // What runs is not meant.
  bridge.drain();
  await clock.advanceUntil(() => bridge.of("draining").length > 0);
  await clock.advanceUntil(() => bridge.of("stopped").length > 0);
  expect(JSON.parse(await running).error.message).toBe("the agent is restarting");
});

test("the limit of runs in an hour is one for all, and holds across a restart", async () => {
  using folder = tmpFolder();
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  const setup = { clock, stateDir: folder.path, options: { ...calm, turnLimit: 2 } };
  {
    await using bridge = await TestPush.start(platform, setup);
    expect(await bridge.say("one", { contextId: "a" })).toBe("echo: one");
    expect(await bridge.say("two", { contextId: "b" })).toBe("echo: two");
    const { status, headers } = await bridge.post(saying("three", { contextId: "c" }));
    expect(status).toBe(429);
    expect(Number(headers.get("retry-after"))).toBeWithin(3_000, 3_601);
  }
  await using next = await TestPush.start(platform, setup);
  expect((await next.post(saying("three"))).status).toBe(429);
  await clock.advance(3_600_000);
  expect(await next.say("three")).toBe("echo: three");
});

test("a day's budget that is spent is a refusal until it is renewed, and the bridge goes on", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf(({ text }) => ({ kind: "answer", text, costUsd: 3 }), {
    reportsCost: true,
  });
  await using bridge = await TestPush.start(platform, { backend, options: { dailyBudgetUsd: 5 } });
  expect(await bridge.say("one")).toBe("one");
  expect(await bridge.say("two")).toBe("two");
  expect(backend.requests.map(({ budgetUsd }) => budgetUsd)).toEqual([5, 2]);
  const { status, body } = await bridge.post(saying("three"));
  expect([status, body.busy]).toEqual([503, true]);
  expect(backend.requests).toHaveLength(2);
  expect(bridge.of("budget-spent")).toMatchObject([{ kept: false }]);
});

test("repeats and empty messages are told once a minute each", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { clock, options: calm });
  for (let n = 0; n < 5; n++) {
    await bridge.say("one", { messageId: "one" });
    await bridge.say("two", { messageId: "two" });
    await bridge.say("", { messageId: `empty-${n}` });
  }
  const empty = { status: 200, reason: "it has neither text nor files" };
  expect(bridge.of("push-repeat")).toHaveLength(2);
  expect(bridge.of("push-refused")).toMatchObject([{ count: 1, ...empty }]);
  expect(bridge.of("skipped")).toEqual([]);
  expect(bridge.of("answered")).toHaveLength(2);
  await clock.advance(60_000);
  await bridge.say("one", { messageId: "one" });
  await bridge.say("", { messageId: "empty" });
  expect(bridge.of("push-repeat")).toHaveLength(3);
  expect(bridge.of("push-refused")).toMatchObject([
    { count: 1, ...empty },
    { count: 5, ...empty },
  ]);
});
