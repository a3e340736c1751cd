/** What a day's runs may cost (`--daily-budget`). */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { Budget, checkBudget } from "../../../../src/bridge/runs/budget.ts";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { Keeper } from "../../../../src/bridge/keeper.ts";
import { Naps } from "../../../../src/bridge/naps.ts";
import { UsageError } from "../../../../src/shared/errors.ts";
import { backendOf, changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { canvas, diskFull, notices, once, other, replies } from "../support.ts";

const NEVER = new AbortController().signal;
const HOUR_MS = 3_600_000;
const KEPT =
  "I can't answer yet: what I may spend in a day is spent. Your message is kept, and answered as soon as I can.";
/** In the time zone of whoever runs this. */
const local = (month: number, day: number, hour: number) =>
  new Date(2026, month - 1, day, hour).getTime();

/** The part of the store that outlives a process. */
class Kept {
  readonly values = new Map<string, string>();
  writes = 0;
  async recall(key: string) {
    return this.values.get(key);
  }
  async trim() {}

  async remember(key: string, value: string | undefined) {
    this.writes += 1;
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, value);
  }
}

function budgetOf(limitUsd: number | undefined, start = local(3, 5, 12), memory = new Kept()) {
  const clock = new ManualClock(start);
  const naps = new Naps(clock);
  const events: BridgeEvent[] = [];
  const emit = (event: BridgeEvent) => void events.push(event);
  const keeper = new Keeper({ naps, random: () => 0.5, emit }, NEVER);
  const make = (once = false) => new Budget({ memory, keeper, clock, naps, emit }, limitUsd, once);
  return { clock, events, memory, budget: make(), make };
}

async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  return done;
}

describe("the budget of a day", () => {
  test("is what is left of the limit, and never less than nothing", async () => {
    const { budget } = budgetOf(2);
    expect(await budget.left()).toBe(2);
    await budget.add(0.5);
    expect([await budget.left(), await budget.isSpent()]).toEqual([1.5, false]);
    await budget.add(7);
    expect([await budget.left(), await budget.isSpent()]).toEqual([0, true]);
  });

  test("has no end where there is no limit, and what runs cost is added up all the same", async () => {
    const { budget, events } = budgetOf(undefined);
    await budget.add(1_000);
    expect(await budget.left()).toBeUndefined();
    expect(await budget.wait(NEVER)).toBe(true);
    expect(budget.monthCents).toBe(100_000);
    expect(events).toEqual([]);
  });

  test("is not changed by a cost that is none", async () => {
    const { budget, memory } = budgetOf(2);
    for (const cost of [undefined, 0, -1, Number.NaN, Infinity]) await budget.add(cost);
    expect(await budget.left()).toBe(2);
    expect(memory.writes).toBe(0);
  });

  test("is told as spent once, and as renewed on the next day", async () => {
    const { budget, events, clock } = budgetOf(1, local(3, 5, 18));
    await budget.add(0.6);
    await budget.add(0.6);
    await budget.add(0.6);
    expect(events).toEqual([
      { type: "budget-spent", spentUsd: 1.2, limitUsd: 1, inMs: 6 * HOUR_MS },
    ]);
    const waiting = budget.wait(NEVER);
    await clock.advance(6 * HOUR_MS - 1);
    expect(await isDone(waiting)).toBe(false);
    await clock.advance(60_000);
    expect(await waiting).toBe(true);
    expect(events.slice(1)).toEqual([{ type: "budget-renewed", limitUsd: 1 }]);
    expect(await budget.left()).toBe(1);
  });

  test("is looked at again when wall time is set to the next day", async () => {
    const { budget, clock } = budgetOf(1);
    await budget.add(1);
    const waiting = budget.wait(NEVER);
    await clock.untilSleeping();
    clock.suspend(24 * HOUR_MS);
    await clock.advance(60_000);
    expect(await waiting).toBe(true);
  });

  test("is not waited for by a bridge that stops, or that settles a backlog and ends", async () => {
    const { budget, make } = budgetOf(1);
    await budget.add(1);
    const stop = new AbortController();
    const waiting = budget.wait(stop.signal);
    stop.abort();
    expect(await waiting).toBe(false);
    expect(await make(true).wait(NEVER)).toBe(false);
  });

  test("survives a restart, which tells once more that it is spent", async () => {
    const { budget, make, events } = budgetOf(1);
    await budget.add(1.5);
    expect(await make().isSpent()).toBe(true);
    expect(events.map(({ type }) => type)).toEqual(["budget-spent", "budget-spent"]);
  });

  test("counts what runs at once cost, whichever ends first", async () => {
    const { budget, make } = budgetOf(100);
    await Promise.all(Array.from({ length: 20 }, () => budget.add(0.25)));
    expect(await make().left()).toBe(95);
  });

  test("loses nothing where a write has to be tried again behind a later one", async () => {
    const { budget, make, memory, clock } = budgetOf(10);
    await budget.left();
    const { remember } = memory;
    memory.remember = async () => {
      memory.remember = remember;
      throw diskFull();
    };
    const first = budget.add(1);
    await isDone(first);
    await budget.add(2);
    await clock.advanceUntil(() => memory.writes === 2);
    await first;
    expect(await make().left()).toBe(7);
  });

  test("counts a run of unknown cost as the dearest that is known, and never as nothing", async () => {
    const { budget, make, memory } = budgetOf(10);
    expect(await budget.assumed(10)).toBe(0.1);
    await budget.add(2.5);
    await budget.add(1);
    expect([await budget.assumed(6.5), await budget.assumed(0.75)]).toEqual([2.5, 0.75]);
    // After a restart on a later day of the month as well.
    memory.values.set("spend/2026-03-04", memory.values.get("spend/2026-03-05") ?? "");
    memory.values.delete("spend/2026-03-05");
    expect(await make().assumed(undefined)).toBe(2.5);
    expect(await budgetOf(undefined).budget.assumed(undefined)).toBeUndefined();
  });

  test("is spent where only what adding up left by rounding is left", async () => {
    const { budget, events } = budgetOf(1);
    for (let n = 0; n < 10; n++) await budget.add(0.1);
    expect(await budget.isSpent()).toBe(true);
    expect(events).toHaveLength(1);
  });

  test("begins anew where what was kept can't be read", async () => {
    const memory = new Kept();
    memory.values.set("spend/2026-03-05", '{"usd":-5,"month_usd":"x"');
    const { budget } = budgetOf(1, local(3, 5, 12), memory);
    expect(await budget.left()).toBe(1);
  });
});

describe("the sum of a month", () => {
  test("goes on over its days and restarts, and ends with it", async () => {
    const { budget, make, clock } = budgetOf(undefined, local(3, 30, 12));
    expect(budget.monthCents).toBe(0);
    await budget.add(1.234);
    await clock.advance(24 * HOUR_MS);
    const later = make();
    expect(later.monthCents).toBe(0);
    await later.add(1);
    expect(later.monthCents).toBe(223);
    await clock.advance(24 * HOUR_MS);
    expect(later.monthCents).toBe(0);
    await later.add(0.5);
    expect(later.monthCents).toBe(50);
  });

  test("is known although its first days are forgotten", async () => {
    const { budget, make, clock, memory } = budgetOf(undefined, local(3, 1, 12));
    await budget.add(1);
    await clock.advance(24 * HOUR_MS);
    await budget.add(1);
    memory.values.delete("spend/2026-03-01");
    const later = make();
    await later.add(1);
    expect(later.monthCents).toBe(300);
  });
});

const costing = (costUsd: number): Outcome => ({ kind: "answer", text: "ok", costUsd });

describe("a bridge with a budget", () => {
  test("begins no run once it is spent, tells each asker once, and goes on the next day", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), canvas(3), other(4)];
    const clock = new ManualClock(local(3, 5, 23));
    const backend = backendOf(() => costing(1), { reportsCost: true });
    const options = { dailyBudgetUsd: 1, heartbeatMs: 30_000, intervalMs: LOOK_MS };
    await using bridge = new TestBridge(platform.url, {
      backend,
      clock,
      options: { ...options, maxPausedMs: 60_000, sinceSecs: 2_592_000 },
    });
    await bridge.until("answered", 4);
    expect(backend.requests.length).toBe(1);
    expect([...replies(platform), ...notices(platform)].toSorted()).toEqual(
      [KEPT, KEPT, KEPT, "ok"].toSorted(),
    );
    expect(bridge.of("budget-spent")).toMatchObject([{ spentUsd: 1, limitUsd: 1 }]);
    // The machine sleeps over midnight.
    clock.suspend(2 * HOUR_MS);
    await pump(clock, () => bridge.of("budget-renewed").length === 1, 200, bridge);
    // The day's first run spends it all again.
    await bridge.until("budget-spent", 2);
    expect(backend.requests.map(({ budgetUsd }) => budgetUsd)).toEqual([1, 1]);
    const reported = () => platform.calls("heartbeat").at(-1)?.body.monthly_spend;
    await pump(clock, () => reported() === 200, 200, bridge);
  });

  test.each<[string, Outcome]>([
    ["an answer", costing(0.25)],
    ["a failure", { kind: "failed", reason: "x", told: "x", costUsd: 0.25 }],
    ["a word that there is none", { kind: "declined", reason: "x", costUsd: 0.25 }],
  ])("has written down what a run cost before %s is kept", async (_, outcome) => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const order: string[] = [];
    const { bridge } = await once(platform, {
      backend: backendOf(() => outcome, { reportsCost: true }),
      options: { dailyBudgetUsd: 1 },
      store: (store) =>
        changed(store, {
          memory: changed(store.memory, {
            remember: async (key, value) => {
              await store.memory.remember(key, value);
              order.push(`${key.slice(0, 6)}${value}`);
            },
          }),
          outbox: changed(store.outbox, {
            keep: (reply, dead) => {
              order.push("kept");
              return store.outbox.keep(reply, dead);
            },
          }),
        }),
    });
    await using _bridge = bridge;
    const sums = 'spend/{"usd":0.25,"month_usd":0.25,"dearest_usd":0.25}';
    expect(order).toEqual([sums, "kept"]);
  });

  test.each<[string, Outcome]>([
    ["that fails", { kind: "failed", reason: "it took too long", told: "x" }],
    ["that is stopped", { kind: "stopped" }],
  ])("counts a run %s without telling its cost", async (_, outcome) => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const outcomes = [costing(0.25), outcome];
    const backend = backendOf(() => outcomes.shift() ?? outcome, { reportsCost: true });
    const options = { dailyBudgetUsd: 0.4 };
    await using bridge = new TestBridge(platform.url, { backend, options, stateDir: folder.path });
    await bridge.until("cost-assumed");
    await bridge.until("budget-spent");
    // No more than it was allowed.
    expect(bridge.of("cost-assumed")[0]?.usd).toBeCloseTo(0.15);
    expect(backend.requests).toHaveLength(2);
    expect(await bridge.stop()).toBeUndefined();
  });

  test("does not count a run that was over before it began, or one without a limit", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const failed: Outcome = { kind: "failed", reason: "x", told: "x" };
    const backend = backendOf(() => failed, { reportsCost: true });
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(bridge.of("run-failed")).toHaveLength(1);
    expect(bridge.of("cost-assumed")).toEqual([]);
  });

  test("gives each run what is left", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), row(3)];
    const backend = backendOf(() => costing(0.25), { reportsCost: true });
    const { bridge } = await once(platform, { backend, options: { dailyBudgetUsd: 1 } });
    await using _ = bridge;
    expect(backend.requests.map(({ budgetUsd }) => budgetUsd)).toEqual([1, 0.75, 0.5]);
  });

  test("holds no slot while it waits, and who waits for a slot does not slip through", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const run = Promise.withResolvers<Outcome>();
    const backend = backendOf(() => run.promise, { reportsCost: true });
    const options = { dailyBudgetUsd: 1, concurrency: 1 };
    await using bridge = new TestBridge(platform.url, { backend, options });
    await bridge.until("taken");
    platform.rows.push(other(2), canvas(3));
    await bridge.until("entered", 2);
    run.resolve(costing(5));
    await bridge.until("answered", 3);
    expect(backend.requests.length).toBe(1);
    expect(notices(platform)).toEqual([KEPT]);
  });

  test("that settles a backlog and ends leaves the rest for the next start, on another day", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const backend = backendOf(() => costing(1), { reportsCost: true });
    const setup = { backend, stateDir: folder.path, options: { dailyBudgetUsd: 1 } };
    const first = await once(platform, setup);
    expect(first.end).toBeUndefined();
    expect(first.bridge.of("stopped")).toMatchObject([{ settled: 1, dead: 0, waiting: 1 }]);
    await first.bridge[Symbol.asyncDispose]();
    const again = await once(platform, setup);
    expect(again.bridge.of("stopped")).toMatchObject([{ settled: 0, waiting: 1 }]);
    await again.bridge[Symbol.asyncDispose]();
    expect(replies(platform)).toEqual(["ok", KEPT]);
    const clock = new ManualClock(Date.now() + 25 * HOUR_MS);
    await using next = new TestBridge(platform.url, { ...setup, clock });
    await next.until("answered");
    expect(replies(platform)).toEqual(["ok", KEPT, "ok"]);
  });

  test("needs a backend that tells what a run costs", () => {
    expect(() => checkBudget("5", "exec", { reportsCost: false })).toThrow(UsageError);
    expect(() => checkBudget(undefined, "exec", { reportsCost: false })).not.toThrow();
    expect(() => checkBudget("5", "claude-code", { reportsCost: true })).not.toThrow();
  });
});
