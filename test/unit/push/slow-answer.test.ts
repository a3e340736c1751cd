/** Answers that take long: how long their status is kept open, and how they are begun. */
import { describe, expect, test } from "bun:test";
import type { PushOptions } from "../../../src/push/parts.ts";
import { answer } from "../../../src/push/slow-answer.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { answer as textOf, calm, held } from "./held.ts";
import { saying, TestPush, withSecret } from "./support.ts";

describe("an answer that takes long", () => {
  const begun = Promise.resolve();
  const never = new Promise<void>(() => {});
  const forms = {
    whole: (text: string) => Response.json({ text }, { status: 503 }),
    late: (text: string) => ({ late: text }),
  };

  /** The time that passes before an answer is begun, or shows a sign of life. */
  async function spell(clock: ManualClock): Promise<void> {
    await clock.untilSleeping((ms) => ms === 20_000);
    await clock.advance(20_000);
  }

  test("is whole where it comes soon, with a status of its own", async () => {
    const response = await answer(systemClock, { ending: Promise.resolve("soon"), begun }, forms);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ text: "soon" });
  });

  test("is begun after 20 s, shows a sign of life as often, and is JSON at its end", async () => {
    const clock = new ManualClock();
    const { promise, resolve } = Promise.withResolvers<string>();
    const answering = answer(clock, { ending: promise, begun }, forms);
    await spell(clock);
    const response = await answering;
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    for (let n = 0; n < 3; n++) {
      await spell(clock);
    }
    resolve("at last");
    const text = await response.text();
    expect(text).toBe(`\n\n\n\n${JSON.stringify({ late: "at last" })}`);
    expect(JSON.parse(text)).toEqual({ late: "at last" });
  });

  test("keeps its status while nothing was run, for 150 s", async () => {
    const clock = new ManualClock();
    const ending = Promise.withResolvers<string>();
    const answering = answer(clock, { ending: ending.promise, begun: never }, forms);
    await spell(clock);
    await clock.untilSleeping((ms) => ms === 130_000);
    await clock.advance(129_999);
    ending.resolve("refused");
    expect((await answering).status).toBe(503);

    const waiting = answer(clock, { ending: new Promise<string>(() => {}), begun: never }, forms);
    await spell(clock);
    await clock.untilSleeping((ms) => ms === 130_000);
    await clock.advance(130_000);
    expect((await waiting).status).toBe(200);
  });

  test("is begun as soon as the run begins", async () => {
    const clock = new ManualClock();
    const run = Promise.withResolvers<void>();
    const ending = new Promise<string>(() => {});
    const answering = answer(clock, { ending, begun: run.promise }, forms);
    await spell(clock);
    await clock.untilSleeping((ms) => ms === 130_000);
    run.resolve();
    const response = await answering;
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  test("ends where its reader hangs up", async () => {
    const clock = new ManualClock();
    const { promise, resolve } = Promise.withResolvers<string>();
    const answering = answer(clock, { ending: promise, begun }, forms);
    await spell(clock);
    await (await answering).body?.cancel();
    resolve("nobody reads it");
    await clock.advance(60_000);
    expect(clock.pending).toEqual([]);
  });
});

/** A message that waits behind a run of its conversation, and came twice. */
async function behindARun(platform: ScriptedPlatform, options: Partial<PushOptions>) {
  const clock = new ManualClock();
  const { backend, until, letGo } = held();
  const bridge = await TestPush.start(platform, {
    clock,
    backend: { ...backend, timeoutMs: 36_000_000 },
    options: { ...calm, ...options },
  });
  const running = bridge.say("running", { contextId: "a" });
  await until(1);
  const message = saying("next", { contextId: "a", messageId: "n" });
  const waiting = bridge.post(message);
  // Its turn has not come, though 20 s have passed since it came.
  await clock.untilSleeping((ms) => ms === 25 * 60_000);
  const repeated = bridge.post(message);
  await bridge.until("push-repeat");
  return { bridge, clock, until, letGo, running, answers: [waiting, repeated] };
}

test("who waits for his turn and is sent away within 150 s is told with a status", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const lab = await behindARun(platform, { graceMs: 3_600_000 });
  await using bridge = lab.bridge;
  await lab.clock.advance(100_000);
  bridge.drain();
  for (const { status, headers, body } of await Promise.all(lab.answers)) {
    expect([status, headers.get("retry-after"), body.restarting]).toEqual([503, "15", true]);
  }
  lab.letGo("running");
  expect(await lab.running).toBe("running");
});

test("a run that begins late is answered with a sign of life at once, for its repeats as well", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const { bridge, clock, until, letGo, running, answers } = await behindARun(platform, {});
  await using _ = bridge;
  await clock.advance(60_000);
  letGo("running");
  await until(2);
  await running;
  // Both are begun: each shows a sign of life every 20 s from now on.
  const signs = () => clock.pending.filter((ms) => ms === 20_000).length;
  await clock.untilSleeping(() => signs() >= 2);
  letGo("next");
  for (const { status, text } of await Promise.all(answers)) {
    expect(status).toBe(200);
    expect(text).toStartWith("\n");
    expect(textOf(JSON.parse(text))).toBe("next");
  }
});
