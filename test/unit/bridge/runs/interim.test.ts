/** What an agent says on the way to its answer (`--progress notify`). */
import { describe, expect, test } from "bun:test";
import type { Outcome, RunHooks } from "../../../../src/backends/backend.ts";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { Interim } from "../../../../src/bridge/runs/interim.ts";
import { PlatformError, type Platform } from "../../../../src/platform/platform.ts";
import { backendOf, changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { echo, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { slowClock } from "../../../harness/slow-clock.ts";
import { canvas, notices, once, replies } from "../support.ts";

const NEVER = new AbortController().signal;
const progress = "notify" as const;

function interimOf() {
  const clock = new ManualClock();
  const events: BridgeEvent[] = [];
  const state = {
    notify: async (_text: string, _signal: AbortSignal | undefined) => {},
    spare: true,
  };
  const posted: [at: number, text: string][] = [];
  const interim = new Interim({
    clock,
    pace: { spare: () => state.spare },
    lock: { sure: async () => {} },
    emit: (event) => void events.push(event),
    platform: {
      notify: async (text, options) => {
        posted.push([clock.monotonic(), text]);
        await state.notify(text, options?.signal);
      },
    },
  });
  return { clock, events, posted, state, interim };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("what is said in a run", () => {
  test("is shown at once, and then at most every 15 s, with what was said in between", async () => {
    const { clock, posted, interim } = interimOf();
    const saying = interim.begin("a");
    saying.say("one");
    await turn();
    for (const text of ["two", " \n", "three\n"]) saying.say(text);
    await clock.advance(14_999);
    expect(posted).toEqual([[0, "… one"]]);
    await clock.advance(1);
    expect(posted.slice(1)).toEqual([[15_000, "… two\n\nthree"]]);
    await clock.advance(60_000);
    saying.say("four");
    await turn();
    expect(posted.slice(2)).toEqual([[75_000, "… four"]]);
  });

  test("waits its 15 s also behind another run", async () => {
    const { clock, posted, interim } = interimOf();
    const first = interim.begin("a");
    first.say("one");
    await turn();
    await first.end(NEVER);
    const second = interim.begin("b");
    second.say("two");
    await clock.advance(14_999);
    expect(posted.length).toBe(1);
    await clock.advance(1);
    expect(posted.length).toBe(2);
  });

  test("is cut at 2,000 characters, however much it is", async () => {
    const { clock, posted, interim } = interimOf();
    const saying = interim.begin("a");
    saying.say("x".repeat(5_000_000));
    await turn();
    for (let n = 0; n < 1_000; n++) saying.say("y".repeat(1_000));
    await clock.advance(15_000);
    expect(posted.map(([, text]) => text.length)).toEqual([2_000, 2_000]);
    expect(posted.every(([, text]) => text.startsWith("… ") && text.endsWith("…"))).toBe(true);
  });

  test("is shown no more once the run has ended", async () => {
    const { clock, posted, interim } = interimOf();
    const saying = interim.begin("a");
    saying.say("one");
    await turn();
    saying.say("two");
    await saying.end(NEVER);
    saying.say("three");
    await clock.advance(60_000);
    expect(posted.length).toBe(1);
  });

  test("that can't be shown is no failure, and is told for --verbose", async () => {
    const { clock, events, state, interim } = interimOf();
    state.notify = () => Promise.reject(new Error("no"));
    const saying = interim.begin("a");
    saying.say("one");
    await turn();
    await saying.end(NEVER);
    expect(events).toEqual([{ type: "interim-failed", activityId: "a", reason: "no" }]);
    await clock.advance(60_000);
  });

  test("waits where the rate limit has nothing to spare", async () => {
    const { clock, posted, state, interim } = interimOf();
    state.spare = false;
    const saying = interim.begin("a");
    saying.say("one");
    await turn();
    expect(posted).toEqual([]);
    state.spare = true;
    saying.say("two");
    await clock.advance(15_000);
    expect(posted).toEqual([[15_000, "… one\n\ntwo"]]);
  });
});

describe("the end of a run waits for a notice that is on its way", () => {
  /** A notice that ends only when it is broken off, or never. */
  function stuck(listens: boolean) {
    const all = interimOf();
    all.state.notify = (_, signal) =>
      new Promise((_resolve, reject) => {
        if (listens) signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    return all;
  }

  test.each([true, false])(
    "for two seconds, and breaks it off (it listens: %p)",
    async (listens) => {
      const { clock, events, interim } = stuck(listens);
      const saying = interim.begin("a");
      saying.say("one");
      await turn();
      let ended = false;
      const end = saying.end(NEVER).then(() => (ended = true));
      await turn();
      await clock.advance(1_999);
      await turn();
      expect(ended).toBe(false);
      await clock.advance(1);
      await end;
      await turn();
      expect(events.length).toBe(listens ? 1 : 0);
    },
  );

  test("and not at all when everything is cut", async () => {
    const { interim } = stuck(true);
    const saying = interim.begin("a");
    saying.say("one");
    await turn();
    await saying.end(AbortSignal.abort());
  });
});

/** A backend that says these things and answers. */
const saying = (texts: string[], outcome: Outcome = { kind: "answer", text: "ok" }) => {
  const told: RunHooks[] = [];
  const backend = backendOf(undefined, {
    run: async (_, __, hooks) => {
      if (hooks !== undefined) told.push(hooks);
      for (const text of texts) hooks?.onText?.(text);
      return outcome;
    },
  });
  return { backend, told };
};

describe("a bridge", () => {
  test("shows it to the canvas user, before the answer", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const { backend, told } = saying(["Let me look."]);
    const shown = Promise.withResolvers<void>();
    await using bridge = new TestBridge(platform.url, {
      backend,
      // It has two seconds, on the slowest machine.
      clock: slowClock(),
      options: { progress },
      platform: (client) =>
        changed(client, {
          notify: async (text, options) => {
            await client.notify(text, options);
            await shown.promise;
          },
        }),
    });
    await platform.untilCalled("notify");
    expect(bridge.of("reply-kept")).toEqual([]);
    shown.resolve();
    await bridge.until("answered");
    expect(notices(platform)).toEqual(["… Let me look.", "ok"]);
    told[0]?.onText?.("after the end");
    platform.rows.push(row(2));
    await bridge.until("answered", 2);
    expect(notices(platform).length).toBe(2);
  });

  test.each([
    ["to a peer", row(1), progress],
    ["without being asked to", canvas(1), "task" as const],
    ["with --progress off", canvas(1), "off" as const],
  ])("shows nothing %s", async (_, message, mode) => {
    await using platform = new ScriptedPlatform();
    platform.rows = [message];
    const { backend } = saying(["Let me look."]);
    const { bridge } = await once(platform, { backend, options: { progress: mode } });
    await using _bridge = bridge;
    expect([...notices(platform), ...replies(platform)]).toEqual(["ok"]);
  });

  test("answers although the notice hangs, in a few seconds", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const { backend } = saying(["Let me look."]);
    const clock = new ManualClock();
    let broken = 0;
    await using bridge = new TestBridge(platform.url, {
      backend,
      clock,
      options: { progress },
      platform: (client) =>
        changed(client, {
          notify: (text, options) => {
            if (!text.startsWith("… ")) return client.notify(text, options);
            return new Promise((_, reject) => {
              options?.signal?.addEventListener("abort", () => {
                broken += 1;
                reject(new PlatformError("aborted", { verdict: "transient" }));
              });
            });
          },
        }),
    });
    await bridge.until("taken");
    await clock.untilSleeping((ms) => ms > 1_000 && ms <= 2_000);
    await clock.advanceUntil(() => bridge.of("answered").length === 1, 20);
    expect(clock.monotonic()).toBeLessThan(10_000);
    expect(broken).toBe(1);
    expect(notices(platform)).toEqual(["ok"]);
  });

  test("passes over the rows by which it comes back", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1), echo(2, "… ok"), echo(3, "ok")];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend, options: { progress } });
    await using _ = bridge;
    expect(backend.requests.length).toBe(1);
    expect(bridge.of("skipped").every(({ routine }) => routine)).toBe(true);
  });

  test("does not take it for the answer, where nobody knows whether that was posted", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    // What is said on the way is, word for word, the answer.
    const { backend } = saying(["ok"]);
    const clock = new ManualClock();
    let cut = true;
    const unknown = { verdict: "transient", unknownOutcome: true } as const;
    await using bridge = new TestBridge(platform.url, {
      backend,
      clock,
      options: { progress },
      platform: (client: Platform) =>
        changed(client, {
          notify: async (text, options) => {
            if (text === "ok" && cut) {
              cut = false;
              throw new PlatformError("the connection was cut", unknown);
            }
            await client.notify(text, options);
            platform.rows.push(echo(text === "ok" ? 3 : 2, text));
          },
        }),
    });
    await clock.advanceUntil(() => bridge.of("answered").length === 1, 20);
    expect(notices(platform)).toEqual(["… ok", "ok"]);
    expect(bridge.of("answered")[0]?.note).toBeUndefined();
  });
});
