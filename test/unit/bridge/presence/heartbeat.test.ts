/** Beats beside the regular ones, since the task that the canvas shows has changed. */
import { describe, expect, test } from "bun:test";
import type { RunHooks } from "../../../../src/backends/backend.ts";
import { runHeartbeat } from "../../../../src/bridge/presence/heartbeat.ts";
import { Naps } from "../../../../src/bridge/naps.ts";
import { Vitals } from "../../../../src/bridge/presence/vitals.ts";
import { Watchdog } from "../../../../src/bridge/watchdog.ts";
import { PlatformError } from "../../../../src/platform/platform.ts";
import { backendOf, TestBridge, type BridgeUnderTest } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";

const BEAT_MS = 30_000;

/** A heart that beats for nobody, and when it did so with which task. */
class Heart implements Disposable {
  readonly clock = new ManualClock();
  readonly vitals = new Vitals(this.clock);
  readonly naps = new Naps(this.clock);
  readonly beats: [at: number, task: string][] = [];
  spare = true;
  isAway = false;
  readonly #life = new AbortController();

  constructor() {
    const { clock, vitals, naps } = this;
    const platform = {
      heartbeat: async ({ current_task }: { current_task: string }) => {
        this.beats.push([clock.monotonic(), current_task]);
        if (this.isAway) throw new PlatformError("no", { verdict: "transient" });
      },
    };
    const parts = { platform, token: { value: "t" }, clock, emit: () => {}, random: () => 0.9 };
    const watchdog = new Watchdog(clock);
    const pace = { spare: () => this.spare, beatMs: (ms: number) => ms };
    void runHeartbeat(
      parts as never,
      { workspaceId: "w", heartbeatMs: BEAT_MS },
      { vitals, watchdog, naps, pace, renewal: undefined as never },
      this.#life.signal,
    );
  }

  async at(ms: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.clock.advance(ms - this.clock.monotonic());
    await new Promise((resolve) => setImmediate(resolve));
  }

  [Symbol.dispose](): void {
    this.#life.abort();
  }
}

describe("a heartbeat", () => {
  test("comes every interval where nothing changes", async () => {
    using heart = new Heart();
    await heart.at(2 * BEAT_MS);
    expect(heart.beats).toEqual([0, BEAT_MS, 2 * BEAT_MS].map((at) => [at, ""]));
  });

  test("comes at once when the task changes, if the last one is five seconds ago", async () => {
    using heart = new Heart();
    await heart.at(5_000);
    heart.vitals.begin("a", "answering ada");
    await heart.at(5_001);
    expect(heart.beats).toEqual([
      [0, ""],
      [5_000, "answering ada"],
    ]);
    await heart.at(5_000 + BEAT_MS);
    expect(heart.beats.at(-1)).toEqual([5_000 + BEAT_MS, "answering ada"]);
    expect(heart.beats.length).toBe(3);
  });

  test("never comes twice within five seconds, however often the task changes", async () => {
    using heart = new Heart();
    heart.vitals.begin("a", "answering ada");
    for (let ms = 100; ms <= 40_000; ms += 100) {
      heart.vitals.task("a", `step ${ms}`);
      await heart.at(ms);
    }
    const times = heart.beats.map(([at]) => at);
    expect(times).toEqual([0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000]);
  });

  test("does not come sooner for a task that is over before five seconds are", async () => {
    using heart = new Heart();
    await heart.at(1_000);
    heart.vitals.begin("a", "answering ada");
    await heart.at(3_000);
    heart.vitals.end("a");
    await heart.at(BEAT_MS);
    expect(heart.beats.map(([at]) => at)).toEqual([0, BEAT_MS]);
  });

  test("does not come sooner where the rate limit has nothing to spare", async () => {
    using heart = new Heart();
    heart.spare = false;
    await heart.at(6_000);
    heart.vitals.begin("a", "answering ada");
    await heart.at(BEAT_MS);
    expect(heart.beats).toEqual([
      [0, ""],
      [BEAT_MS, "answering ada"],
    ]);
  });

  test("does not come sooner while the platform is away: its pauses grow as they should", async () => {
    using heart = new Heart();
    heart.isAway = true;
    await heart.at(BEAT_MS);
    heart.beats.shift();
    for (let ms = BEAT_MS + 500; ms <= 90_000; ms += 500) {
      heart.vitals.begin("a", `step ${ms}`);
      await heart.at(ms);
    }
    const pauses = heart.beats.slice(1).map(([at], n) => at - (heart.beats[n]?.[0] ?? 0));
    expect(pauses).toEqual([450, 900, 1_800, 3_600, 7_200, 14_400, 28_800]);
  });

  test("comes at once when the machine wakes up", async () => {
    using heart = new Heart();
    await heart.at(1_000);
    heart.naps.wakeAll();
    await heart.at(1_001);
    heart.vitals.begin("a", "answering ada");
    await heart.at(2_000);
    heart.naps.wakeAll();
    await heart.at(2_001);
    expect(heart.beats.map(([at]) => at)).toEqual([0, 1_000, 2_000]);
  });
});

/** A backend that says what it does and waits to be told to answer. */
function busy() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let told: RunHooks | undefined;
  const backend = backendOf(undefined, {
    run: async (request, _, hooks) => {
      told = hooks;
      hooks?.onTask?.("using Read\u0007");
      await promise;
      return { kind: "answer", text: `echo: ${request.text}` };
    },
  });
  return { backend, finish: resolve, hooks: () => told };
}

async function taskOf(options: BridgeUnderTest["options"]): Promise<[string, number]> {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const { backend, finish, hooks } = busy();
  await using bridge = new TestBridge(platform.url, {
    backend,
    options: { heartbeatMs: 5, ...options },
  });
  await bridge.until("taken");
  await platform.bell.until(() => platform.calls("heartbeat").at(-1)?.body.active_tasks === 1);
  await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 2);
  const body = platform.calls("heartbeat").at(-1)?.body;
  finish();
  await bridge.until("answered");
  hooks()?.onTask?.("after the end");
  await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 3);
  expect(platform.calls("heartbeat").at(-1)?.body.current_task).toBe("");
  return [body.current_task, body.active_tasks];
}

describe("what a backend says that it does", () => {
  test("is shown on the card, with the name of the asker", async () => {
    expect(await taskOf({})).toEqual(["answering peer: using Read\\u0007", 1]);
  });

  test("is not shown with --progress off", async () => {
    expect(await taskOf({ progress: "off" })).toEqual(["", 1]);
  });
});
