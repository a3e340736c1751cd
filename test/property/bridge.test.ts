/**
 * A whole bridge against a simple model (see world.ts): whatever is sent, in whatever order it is
 * seen, however its runs and deliveries end, and however often the bridge is stopped in between.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { systemClock, type Clock } from "../../src/shared/clock.ts";
import type { RevisionName } from "../../src/dev/revision.ts";
import { openDeadLetters } from "../../src/store/open-dead-letters.ts";
import type { Store } from "../../src/store/store.ts";
import { TestBridge } from "../harness/bridge.ts";
import { peerId } from "../harness/peers.ts";
import { WORKSPACE } from "../harness/scripted-platform.ts";
import { slowClock } from "../harness/slow-clock.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { DELIVERIES, MAX_ATTEMPTS, OUTCOMES, World, type Story } from "./world.ts";

type Step =
  | { do: "send"; story: Story; afterMs: number; late: boolean }
  | { do: "noise"; afterMs: number }
  | { do: "look" | "restart" | "settle" | "prune" };

/** Less than half of the two seconds that a row may come late by; 0 is the same instant. */
const afterMs = fc.constantFrom(0, 1, 300, 600);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      story: fc.record({
        lane: fc.constantFrom("", peerId(1), peerId(2), peerId(3)),
        messageId: fc.constantFrom("a", "b", "c"),
        outcome: fc.constantFrom(...OUTCOMES, "answer" as const, "answer" as const),
        delivery: fc.constantFrom(...DELIVERIES),
      }),
      afterMs,
      late: fc.nat(4).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("noise" as const), afterMs }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("look" as const, "look" as const, "restart" as const, "settle" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("prune" as const) }) },
);

/** Time stands almost still, and the waits of seconds that pass between two tries are short. */
function quickClock(): Clock {
  const clock = slowClock();
  return {
    ...clock,
    sleep: (ms, signal) => systemClock.sleep(ms <= 3_000 ? ms / 50 : ms, signal),
  };
}

class Play {
  readonly #world: World;
  readonly #folder: string;
  readonly #concurrency: number;
  readonly #wrong: unknown[] = [];
  #bridge: TestBridge;

  constructor(world: World, folder: string, concurrency: number) {
    this.#world = world;
    this.#folder = folder;
    this.#concurrency = concurrency;
    this.#bridge = this.#start(false);
  }

  async perform(step: Step): Promise<void> {
    const world = this.#world;
    switch (step.do) {
      case "send":
        world.send(step.story, step.afterMs, step.late);
        break;
      case "noise":
        world.noise(step.afterMs);
        break;
      case "look": {
        const { platform } = world;
        await platform.untilCalled("activity", platform.calls("activity").length + 1);
        return;
      }
      case "restart":
        expect(await this.#bridge.stop()).toBeUndefined();
        this.#bridge = this.#start(false);
        return;
      case "settle":
      case "prune":
        // What is late when the platform forgets can't be told from what was settled.
        if (step.do === "prune") world.step(true);
        await this.settle();
        if (step.do === "prune") world.prune();
        this.#bridge = this.#start(false);
        return;
    }
    world.step();
  }

  /** Stops, and settles all that can be seen in a run of its own. */
  async settle(): Promise<void> {
    expect(await this.#bridge.stop()).toBeUndefined();
    this.#bridge = this.#start(true);
    expect(await this.#bridge.ended).toBeUndefined();
    const [stopped] = this.#bridge.of("stopped");
    expect(stopped).toMatchObject({ waiting: 0, replies: 0, openReplies: 0 });
    if (this.#wrong.length > 0) throw this.#wrong[0];
  }

  async stop(): Promise<void> {
    await this.#bridge.stop();
  }

  #start(once: boolean): TestBridge {
    return new TestBridge(this.#world.platform.url, {
      stateDir: this.#folder,
      backend: this.#world.backend,
      clock: quickClock(),
      options: { once, concurrency: this.#concurrency, maxAttempts: MAX_ATTEMPTS },
      store: (store) => this.#watched(store),
    });
  }

  #watched(store: Store): Store {
    const save = store.saveCursor.bind(store);
    store.saveCursor = async (cursor) => {
      try {
        this.#world.checkCursor(cursor);
      } catch (error) {
        this.#wrong.push(error);
      }
      await save(cursor);
    };
    return store;
  }
}

async function lettersIn(folder: string): Promise<string[]> {
  const opened = openDeadLetters(folder, WORKSPACE);
  try {
    return ((await opened?.letters.list()) ?? []).map(({ id }) => id);
  } finally {
    opened?.close();
  }
}

test.each(["r1", "r2"] as const)(
  "a bridge does what its model does, on revision %s",
  async (revision: RevisionName) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
        fc.constantFrom(1, 3),
        async (steps, concurrency) => {
          using folder = tmpFolder();
          await using world = new World(revision);
          const play = new Play(world, folder.path, concurrency);
          try {
            for (const one of steps) await play.perform(one);
            world.step(true);
            await play.settle();
            world.checkEnd(await lettersIn(folder.path));
            // Another start finds nothing to do.
            const { runs, taken } = world;
            const before = taken.length;
            await play.settle();
            expect(world.runs).toBe(runs);
            expect(taken.length).toBe(before);
          } finally {
            await play.stop();
          }
        },
      ),
      {
        seed: Number(process.env["PROPERTY_SEED"] ?? 20_261),
        numRuns: Number(process.env["PROPERTY_RUNS"] ?? 12),
        endOnFailure: true,
      },
    );
  },
  600_000,
);
