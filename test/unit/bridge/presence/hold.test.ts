import { describe, expect, test } from "bun:test";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { hold } from "../../../../src/bridge/presence/hold.ts";
import type { Holder } from "../../../../src/store/store.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform, TOKEN } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

const HOLDER: Holder = { pid: 4711, host: "elsewhere", since: "2026-01-01T00:00:00Z" };

function held(heldBy: Holder | undefined) {
  const state = { free: false, tries: 0 };
  const events: BridgeEvent[] = [];
  const clock = new ManualClock();
  const stop = new AbortController();
  const never = new AbortController().signal;
  const lock = {
    isShared: false,
    lost: never,
    handOver: never,
    sure: async () => {},
    untilFree: (signal: AbortSignal) => clock.sleep(100, signal),
    take: async () => {
      state.tries += 1;
      return state.free ? ("taken" as const) : { heldBy };
    },
  };
  const emit = (event: BridgeEvent) => void events.push(event);
  const take = (wait: boolean) => hold(lock, { emit }, wait, stop.signal);
  return { clock, events, state, stop, take };
}

describe("a workspace that another holds", () => {
  test("is an error that says who, and what to do", async () => {
    await expect(held(HOLDER).take(false)).rejects.toMatchObject({
      exitCode: 1,
      message:
        "another bridge holds this workspace: process 4711 on elsewhere, since 2026-01-01T00:00:00Z",
      hint: expect.stringContaining("--wait-lock"),
    });
    await expect(held(undefined).take(false)).rejects.toThrow(
      "holds this workspace: another process",
    );
  });

  test("is waited for with --wait-lock, which is told once", async () => {
    const { clock, events, state, take } = held(HOLDER);
    const taken = take(true);
    for (let look = 1; look <= 3; look++) {
      await clock.untilSleeping();
      await clock.advance(100);
    }
    state.free = true;
    await clock.untilSleeping();
    await clock.advance(100);
    expect(await taken).toBe(true);
    expect(events).toEqual([{ type: "lock-waiting", holder: HOLDER }]);
  });

  test("is not waited for by a bridge that is told to stop", async () => {
    const { clock, state, stop, take } = held(HOLDER);
    const taken = take(true);
    await clock.untilSleeping();
    stop.abort();
    expect(await taken).toBe(false);
    state.free = true;
    expect(await take(true)).toBe(false);
    expect(state.tries).toBe(1);
  });
});

describe("a second bridge of a workspace", () => {
  test("ends with exit 1, and does nothing at all", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    await using first = new TestBridge(platform.url, { stateDir: folder.path });
    await first.until("connected");
    await using other = new ScriptedPlatform();
    await using second = new TestBridge(other.url, { stateDir: folder.path });
    expect(await second.ended).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(other.seen).toEqual([]);
    // The first one is none the worse for it.
    platform.rows = [row(1)];
    await first.until("answered");
  });

  test("that waits takes over when the first one ends, and goes on from its cursor", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    await using first = new TestBridge(platform.url, { stateDir: folder.path });
    await first.until("answered");
    const backend = backendOf();
    await using second = new TestBridge(platform.url, {
      backend,
      stateDir: folder.path,
      options: { waitLock: true },
    });
    await second.until("lock-waiting");
    expect(await first.stop()).toBeUndefined();
    await second.until("connected");
    platform.rows.push(row(2));
    await second.until("answered");
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 2"]);
  });

  test("that waits and is stopped ends well", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    await using first = new TestBridge(platform.url, { stateDir: folder.path });
    await first.until("connected");
    await using second = new TestBridge(platform.url, {
      stateDir: folder.path,
      options: { waitLock: true },
    });
    await second.until("lock-waiting");
    expect(await second.stop()).toBeUndefined();
    expect(second.of("stopped")).toMatchObject([{ settled: 0 }]);
  });
});

test("a bridge without a token that waits takes the one that the first was given meanwhile", async () => {
  using folder = tmpFolder();
  const stateDir = folder.path;
  await using platform = new ScriptedPlatform();
  const release = Promise.withResolvers<void>();
  // A token is given once: to the first that registers.
  platform.on("register", async (_, n) => {
    await release.promise;
    const given = n === 1 ? { auth_token: TOKEN } : {};
    return Response.json({ status: "registered", delivery_mode: "poll", ...given });
  });
  await using first = new TestBridge(platform.url, { stateDir, token: undefined });
  await platform.untilCalled("register");
  await using second = new TestBridge(platform.url, {
    stateDir,
    token: undefined,
    options: { waitLock: true },
  });
  await second.until("lock-waiting");
  release.resolve();
  await first.until("token-issued");
  await first.until("connected");
  expect(await first.stop()).toBeUndefined();
  await second.until("connected");
  const bearers = platform.calls("register").map(({ headers }) => headers.get("authorization"));
  expect(bearers).toEqual([null, `Bearer ${TOKEN}`]);
  platform.rows = [row(1)];
  await second.until("answered");
});
