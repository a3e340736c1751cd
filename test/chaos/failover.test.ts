/** Bridges that share a store: who is lost is replaced, and no promise with him. */
import { expect, setDefaultTimeout } from "bun:test";
import { onPostgres, sharedPostgres, startPostgres } from "../harness/postgres.ts";
import type { Bridge } from "./failover-bridge.ts";
import { FailoverLab, LEASE_MS, LONG_LEASE_MS, PATIENT } from "./failover-lab.ts";

const { test } = onPostgres;

setDefaultTimeout(120_000);

/** Takeovers are measured, not judged: a busy machine takes its time. */
function tell(what: string, ms: number): void {
  console.log(`failover: ${what} ${Math.round(ms)} ms`);
}

test("a bridge that is killed is replaced, and only what it was at is run again", async () => {
  await using lab = await FailoverLab.start(await sharedPostgres(), 3);
  let { bridge } = await lab.holder();
  await lab.untilAnswered(10);
  lab.hold(bridge);
  await lab.untilStill(bridge, 3);
  for (let i = 0; i < 2; i++) {
    const killedAt = performance.now();
    bridge.kill();
    bridge = await lab.takenFrom(bridge);
    tell(`killed with a lease of ${LEASE_MS} ms, replaced after`, performance.now() - killedAt);
    await lab.untilAnswered(20);
  }
  const { problems, extraRuns } = await lab.end();
  expect(problems).toEqual([]);
  expect(extraRuns).toBeGreaterThanOrEqual(3);
});

test("a bridge that is paused for too long says and writes nothing when it goes on, and waits", async () => {
  await using lab = await FailoverLab.start(await sharedPostgres(), 3, PATIENT);
  const { bridge: first } = await lab.holder();
  await lab.untilAnswered(10);
  // It has an answer to the canvas in the store and not at the platform, which holds up the next one, and
  // what it runs for the peers stands still.
  await nextRefused(first);
  lab.hold(first);
  await lab.untilStill(first, 2);
  // At this moment it waits for the platform, and sends nothing.
  await nextRefused(first, () => first.run.signal("SIGSTOP"));
  first.refuse = undefined;
  const pausedAt = performance.now();
  const second = await lab.takenFrom(first);
  tell(`paused with a lease of ${LONG_LEASE_MS} ms, replaced after`, performance.now() - pausedAt);
  await lab.untilAnswered(5);
  const { length } = first.posts;
  first.run.signal("SIGCONT");
  await first.run.untilEvent("lease-lost");
  await first.run.until(() => waits(first) >= 1, "it waits");
  await first.run.untilChildless();
  await lab.untilAnswered(10);
  expect(first.posts).toHaveLength(length);

  // It can take over as any other; the third is gone.
  lab.release(first);
  const [third] = lab.bridges.filter((bridge) => ![first, second].includes(bridge));
  third?.run.signal("SIGTERM");
  await third?.ends();
  second.kill();
  expect(await lab.takenFrom(second)).toBe(first);
  await lab.untilAnswered(10);
  expect((await lab.end()).problems).toEqual([]);
});

test("a bridge that is told to stop finishes what is in hand, and hands over at once", async () => {
  await using lab = await FailoverLab.start(await sharedPostgres(), 3);
  const { bridge: first } = await lab.holder();
  await lab.untilAnswered(10);
  lab.hold(first);
  await lab.untilStill(first, 3);
  first.run.signal("SIGTERM");
  expect(await first.run.untilEvent("draining")).toMatchObject({ running: 3 });
  lab.release(first);
  const { bridge: second } = await lab.holder(first);
  await first.ends();
  const { time: stopped } = await first.run.untilEvent("stopped");
  const { time: connected } = await second.run.untilEvent("connected");
  tell(
    "stopped, replaced after the end of its work by",
    Date.parse(connected) - Date.parse(stopped),
  );
  await lab.untilAnswered(10);
  const { problems, extraRuns } = await lab.end();
  expect({ problems, extraRuns }).toEqual({ problems: [], extraRuns: 0 });
});

test("while Postgres is away the bridge keeps its work, takes nothing new, and stays online", async () => {
  await using postgres = await startPostgres();
  await using lab = await FailoverLab.start(postgres, 3);
  const { bridge, claim } = await lab.holder();
  const times = [
    { mode: "fast", leastMs: 0 },
    { mode: "immediate", leastMs: 1.5 * LEASE_MS },
  ] as const;
  for (const [i, { mode, leastMs }] of times.entries()) {
    await lab.untilAnswered(10);
    lab.hold(bridge);
    await lab.untilStill(bridge, 3);
    const runs = lab.agent.runs.length;
    const { beats } = bridge;
    await postgres.stop(mode);
    const stoppedAt = performance.now();
    // The answers come, and can't be kept.
    lab.release(bridge);
    await bridge.run.untilEvent("store-away", i + 1);
    await lab.look(
      () =>
        performance.now() - stoppedAt > leastMs &&
        bridge.beats > beats + 5 &&
        lab.running(bridge) === 0,
      () => `${bridge.beats - beats} heartbeats, ${lab.running(bridge)} runs`,
    );
    expect(lab.agent.runs).toHaveLength(runs);
    await postgres.restart();
    const backAt = performance.now();
    await lab.untilAnswered(1);
    tell(
      `Postgres away (${mode}), the first answer after its return by`,
      performance.now() - backAt,
    );
    await bridge.run.untilEvent("store-back", i + 1);
  }
  // And without a warning, while all is under way.
  await lab.untilAnswered(10);
  await postgres.stop("immediate");
  await postgres.restart();
  await lab.untilAnswered(10);
  const after = await lab.holder();
  expect([after.bridge.number, after.claim.epoch]).toEqual([bridge.number, claim.epoch]);
  const { problems, extraRuns } = await lab.end();
  expect({ problems, extraRuns }).toEqual({ problems: [], extraRuns: 0 });
});

test("a bridge that is cut off from Postgres falls silent before another takes over", async () => {
  await using lab = await FailoverLab.start(await sharedPostgres(), 3, PATIENT);
  const { bridge: first } = await lab.holder();
  await lab.untilAnswered(10);
  // It has an answer that it goes on trying to post.
  await nextRefused(first);
  const cutAt = performance.now();
  first.store.cut();
  const second = await lab.takenFrom(first);
  tell(`cut off with a lease of ${LONG_LEASE_MS} ms, replaced after`, performance.now() - cutAt);
  first.refuse = undefined;
  const { length } = first.posts;
  await lab.untilAnswered(20);
  expect(waits(first)).toBe(0);
  first.store.heal();
  const healedAt = performance.now();
  await first.run.until(() => waits(first) >= 1, "it waits");
  tell("after the cut it is a standby again in", performance.now() - healedAt);
  expect(first.run.of("lease-lost")).toHaveLength(1);
  expect(first.posts).toHaveLength(length);
  second.kill();
  await lab.takenFrom(second);
  await lab.untilAnswered(10);
  expect((await lab.end()).problems).toEqual([]);
});

test("workspaces are shared out, taken over as far as there is room, and shared out anew", async () => {
  const shape = { workspaces: 6, peers: 1, most: 3 };
  await using lab = await FailoverLab.start(await sharedPostgres(), 3, shape);
  const shared = async (...shares: number[]) => {
    const began = performance.now();
    await lab.look(
      async () => Bun.deepEquals(await lab.shares(), shares),
      () => `they are not shared as ${shares}`,
    );
    tell(`six workspaces are shared as ${shares} after`, performance.now() - began);
    await lab.untilAnswered(20);
  };
  await shared(2, 2, 2);
  const kill = (number: number) => {
    const bridge = lab.bridges[number - 1];
    if (bridge === undefined) throw new Error(`there is no bridge ${number}`);
    lab.robbed.add(bridge);
    bridge.kill();
  };
  kill(1);
  await shared(0, 3, 3);
  await lab.add();
  await shared(0, 2, 2, 2);
  kill(2);
  kill(3);
  // There is room for three, and three wait.
  await shared(0, 0, 0, 3);
  await lab.add();
  await shared(0, 0, 0, 3, 3);
  expect((await lab.end()).problems).toEqual([]);
});

/** Its answers to the canvas are refused from now on; resolves at the next one, after `act`. */
function nextRefused(bridge: Bridge, act = () => {}): Promise<void> {
  return new Promise((resolve) => {
    bridge.refuse = () => {
      act();
      resolve();
    };
  });
}

/** How often it has begun to wait after its first take. */
function waits({ run }: Bridge): number {
  const events = run.events.map(({ event }) => event);
  return events.slice(events.indexOf("connected")).filter((event) => event === "lock-waiting")
    .length;
}
