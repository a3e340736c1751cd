import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { Gate } from "../../../../src/bridge/runs/gate.ts";
import { Naps } from "../../../../src/bridge/naps.ts";
import { MoleculeError } from "../../../../src/shared/errors.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { canvas, deadLetters, notices, once, other, replies } from "../support.ts";

const TROUBLE = { reason: "not logged in", told: "the agent is not ready", hint: "Log in." };
const OPERATOR: Outcome = { kind: "operator", ...TROUBLE };
const KEPT =
  "I can't answer yet: the agent is not ready. Your message is kept, and answered as soon as I can.";

function gateOf(maxPausedMs = 3_600_000) {
  const clock = new ManualClock();
  const events: BridgeEvent[] = [];
  const state = { mended: false, checks: 0 };
  const check = async () => {
    state.checks += 1;
    if (!state.mended) throw new MoleculeError("not logged in");
  };
  const emit = (event: BridgeEvent) => void events.push(event);
  const gate = new Gate({ clock, naps: new Naps(clock), emit, check }, maxPausedMs);
  const life = new AbortController();
  const guard = gate.guard(life.signal).then(
    () => "ended",
    (error: unknown) => error,
  );
  return { clock, events, state, gate, life, guard };
}

describe("the gate", () => {
  test("is probed each minute while it is closed, and lets one run through when that goes well", async () => {
    const { clock, state, gate, life, guard } = gateOf();
    expect(gate.enter()).toBe(true);
    gate.close(TROUBLE);
    expect(gate.enter()).toBe(false);
    await clock.untilSleeping((ms) => ms === 60_000);
    await clock.advance(59_999);
    expect(state.checks).toBe(0);
    await clock.advance(120_002);
    expect(state.checks).toBe(3);
    expect(gate.enter()).toBe(false);
    state.mended = true;
    await clock.advance(60_000);
    expect([gate.enter(), gate.enter()]).toEqual([true, false]);
    gate.open();
    expect([gate.enter(), gate.enter()]).toEqual([true, true]);
    life.abort();
    expect(await guard).toBe("ended");
  });

  test("is told at its edges, however often it is closed again", async () => {
    const { events, gate } = gateOf();
    gate.close(TROUBLE);
    gate.close(TROUBLE);
    gate.open();
    gate.open();
    const edges = events.filter(({ type }) => type !== "backend-still-paused");
    expect(edges.map(({ type }) => type)).toEqual(["backend-paused", "backend-resumed"]);
    expect(events[0]).toMatchObject({ reason: TROUBLE.reason, hint: TROUBLE.hint });
  });

  test("ends the run when it was closed for --max-paused, counted from the first time", async () => {
    const { clock, gate, guard } = gateOf(150_000);
    gate.close(TROUBLE);
    await clock.untilSleeping();
    await clock.advance(100_000);
    gate.close(TROUBLE);
    await clock.advance(50_000);
    expect(await guard).toMatchObject({
      exitCode: 1,
      hint: TROUBLE.hint,
      message: "the backend can't work for 2 min 30 s (--max-paused): not logged in",
    });
  });

  test("whose trouble ends by itself is not probed before, and --max-paused counts from then", async () => {
    const { clock, events, state, gate, guard } = gateOf(150_000);
    gate.close({ ...TROUBLE, untilMs: 400_000 });
    expect(events).toEqual([
      {
        type: "backend-paused",
        reason: TROUBLE.reason,
        hint: TROUBLE.hint,
        forMs: 550_000,
        inMs: 400_000,
      },
    ]);
    await clock.untilSleeping();
    await clock.advance(399_999);
    expect(state.checks).toBe(0);
    await clock.advance(1);
    expect(state.checks).toBe(1);
    await clock.advance(149_999);
    expect(state.checks).toBe(3);
    await clock.advance(1);
    expect(await guard).toMatchObject({
      message: "the backend can't work for 2 min 30 s (--max-paused): not logged in",
    });
  });

  test("that hears of another end by itself counts from that one", async () => {
    const { clock, state, gate, life, guard } = gateOf(150_000);
    state.mended = true;
    gate.close({ ...TROUBLE, untilMs: 100_000 });
    await clock.untilSleeping();
    await clock.advance(100_000);
    expect(gate.enter()).toBe(true);
    gate.close({ ...TROUBLE, untilMs: 300_000 });
    await clock.advance(299_999);
    expect([gate.enter(), state.checks]).toEqual([false, 1]);
    await clock.advance(1);
    expect([gate.enter(), state.checks]).toEqual([true, 2]);
    // A trouble without an end counts from the one that had one.
    gate.close(TROUBLE);
    await clock.advance(149_999);
    life.abort();
    expect(await guard).toBe("ended");
  });

  test("that may not last at all does not wait for its trouble to end by itself", async () => {
    const { gate, guard } = gateOf(0);
    gate.close({ ...TROUBLE, untilMs: 400_000 });
    expect(await guard).toMatchObject({ message: "the backend can't work: not logged in" });
  });

  test("that was open in between begins to count anew", async () => {
    const { clock, gate, life, guard } = gateOf(150_000);
    gate.close(TROUBLE);
    await clock.untilSleeping();
    await clock.advance(100_000);
    gate.open();
    gate.close(TROUBLE);
    await clock.advance(140_000);
    life.abort();
    expect(await guard).toBe("ended");
  });
});

describe("a backend that only its operator can mend", () => {
  test("pauses the work: each asker is told once, heartbeats say why, and all are answered later", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), canvas(2), row(3)];
    const clock = new ManualClock();
    let mended = false;
    const backend = backendOf(() => (mended ? { kind: "answer", text: "ok" } : OPERATOR), {
      check: async () => {
        if (!mended) throw new MoleculeError("not logged in");
      },
    });
    const options = { heartbeatMs: 30_000, intervalMs: LOOK_MS };
    await using bridge = new TestBridge(platform.url, { backend, clock, options });
    // Who waits behind another message of the same peer is told when its turn comes, if at all.
    await bridge.until("answered", 2);
    expect([...replies(platform), ...notices(platform)]).toEqual([KEPT, KEPT]);
    expect(backend.requests.length).toBe(1);
    const told = () => bridge.of("backend-still-paused").length;
    const before = told();
    await pump(clock, () => told() >= before + 2, 1_000, bridge);
    await platform.bell.until(() => {
      const { sample_error } = platform.calls("heartbeat").at(-1)?.body ?? {};
      return sample_error === "not logged in";
    });
    expect(platform.calls("heartbeat").at(-1)?.body).toMatchObject({ error_rate: 1 });
    mended = true;
    await pump(clock, () => bridge.of("answered").length === 5, 1_000, bridge);
    expect(replies(platform)).toEqual([KEPT, "ok", "ok"]);
    expect(notices(platform)).toEqual([KEPT, "ok"]);
    expect(bridge.of("backend-paused").length).toBe(1);
    expect(bridge.of("backend-resumed").length).toBe(1);
    // No attempt was used up.
    expect(backend.requests.map((request) => request.attempt)).toEqual([1, 1, 1, 1]);
  });

  test("ends the run after --max-paused, and the messages stay for the next start", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), other(2)];
    const clock = new ManualClock();
    const check = () => Promise.reject(new MoleculeError("not logged in"));
    await using bridge = new TestBridge(platform.url, {
      clock,
      backend: backendOf(() => OPERATOR, { check }),
      options: { maxPausedMs: 90_000, heartbeatMs: 900_000 },
    });
    await bridge.until("answered", 2);
    await clock.untilSleeping((ms) => ms > 50_000 && ms <= 60_000);
    await clock.advance(60_000);
    await bridge.until("backend-still-paused");
    await clock.untilSleeping((ms) => ms > 20_000 && ms <= 30_000);
    await clock.advance(30_000);
    expect(await bridge.ended).toMatchObject({ exitCode: 1, hint: "Log in." });
    expect(bridge.of("stopped")).toMatchObject([{ settled: 0, dead: 0, waiting: 2 }]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: "" });
    expect(await deadLetters(bridge.stateDir)).toEqual([]);
  });

  test("ends a run under --once at once, with its hint, and the asker is told", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge, end } = await once(platform, { backend: backendOf(() => OPERATOR) });
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 1, hint: "Log in." });
    expect(replies(platform)).toEqual([KEPT]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: "" });
    expect(bridge.of("stopped")).toMatchObject([{ waiting: 1 }]);
  });

  test("is not told to whoever only answered us", async () => {
    await using platform = new ScriptedPlatform();
    const answer = row(1);
    (answer.request_body as any).params.message.role = "agent";
    platform.rows = [answer, other(2)];
    let mended = false;
    const clock = new ManualClock();
    const backend = backendOf(() => (mended ? { kind: "answer", text: "ok" } : OPERATOR));
    await using bridge = new TestBridge(platform.url, { backend, clock });
    await bridge.until("answered");
    mended = true;
    await clock.untilSleeping((ms) => ms > 50_000 && ms <= 60_000);
    await clock.advance(60_000);
    await bridge.until("answered", 2);
    await bridge.until("noted");
    expect(replies(platform)).toEqual([KEPT, "ok"]);
    expect(platform.calls("a2a").map((call) => call.path.includes("33333333"))).toEqual([
      true,
      true,
    ]);
  });
});
