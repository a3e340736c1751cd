import { expect, test } from "bun:test";
import {
  exitCodeOf,
  type Member,
  RETRY_BASE_MS,
  RETRY_CAP_MS,
  runFleet,
  STEADY_MS,
} from "../../../src/fleet/fleet.ts";
import type { Lifecycle } from "../../../src/fleet/lifecycle.ts";
import { ExitCode, MoleculeError } from "../../../src/shared/errors.ts";
import { ManualClock } from "../../harness/clock.ts";

type Run = (up: () => void, drain: AbortSignal) => Promise<void>;

const failing = (exitCode: ExitCode, message = "it broke") =>
  new MoleculeError(message, { exitCode });

/** Runs until it is told to stop. */
const served: Run = (up, drain) => {
  up();
  return new Promise((resolve) => drain.addEventListener("abort", () => resolve()));
};

class Lab {
  readonly clock = new ManualClock();
  readonly drain = new AbortController();
  readonly now = new AbortController();
  readonly told: [id: string, change: Lifecycle][] = [];
  /** When each start was, by id. */
  readonly starts = new Map<string, number[]>();
  random = 0.5;

  run(runs: Record<string, Run>, { spreadMs = 30_000, once = false } = {}): Promise<ExitCode> {
    const members = Object.entries(runs).map(([id, run]): Member => ({
      id,
      run: (drain, _, up) => {
        const at = this.clock.monotonic();
        this.starts.set(id, [...(this.starts.get(id) ?? []), at]);
        return run(up, drain);
      },
    }));
    const tell = (id: string, change: Lifecycle) => void this.told.push([id, change]);
    const parts = { clock: this.clock, random: () => this.random, tell };
    return runFleet(members, { spreadMs, once }, parts, this.drain.signal, this.now.signal);
  }

  states(id: string): string[] {
    return this.told.filter(([one]) => one === id).map(([, { state }]) => state);
  }
}

/** Lets what is resolved go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("the first is started at once, and ten are through within a second", async () => {
  const lab = new Lab();
  lab.random = 0.999;
  const ids = [..."abcdefghij"];
  const running = lab.run(Object.fromEntries(ids.map((id) => [id, served])));
  expect(lab.starts.get("a")).toEqual([0]);
  expect(lab.starts.has("b")).toBe(false);
  await lab.clock.advance(1_000);
  const at = ids.map((id) => lab.starts.get(id)?.[0] ?? NaN);
  expect(at).toEqual(at.toSorted((x, y) => x - y));
  expect(new Set(at).size).toBe(10);
  lab.drain.abort();
  expect(await running).toBe(ExitCode.ok);
});

test("very many are spread over a heartbeat and no longer", async () => {
  const lab = new Lab();
  lab.random = 0.999;
  const ids = Array.from({ length: 600 }, (_, n) => `w${n}`);
  const running = lab.run(Object.fromEntries(ids.map((id) => [id, served])), { spreadMs: 30_000 });
  await lab.clock.advance(15_000);
  expect(lab.starts.size).toBeGreaterThan(250);
  expect(lab.starts.size).toBeLessThan(350);
  await lab.clock.advance(15_000);
  expect(lab.starts.size).toBe(600);
  lab.drain.abort();
  await running;
});

test.each([ExitCode.failed, ExitCode.unreachable])(
  "what ends with %i is started again, and the others do not notice",
  async (code) => {
    const lab = new Lab();
    let tries = 0;
    const broken: Run = (up, drain) =>
      ++tries < 3 ? Promise.reject(failing(code)) : served(up, drain);
    const running = lab.run({ broken, well: served });
    await settled();
    const [, failed] = lab.told.find(([, { state }]) => state === "failed") ?? [];
    expect(failed).toMatchObject({ exitCode: code, inMs: RETRY_BASE_MS / 2 });
    expect((failed as { retryAt: number }).retryAt).toBe(lab.clock.now() + RETRY_BASE_MS / 2);
    await lab.clock.advance(RETRY_BASE_MS / 2);
    expect(tries).toBe(2);
    await lab.clock.advance(RETRY_BASE_MS);
    expect(lab.states("broken")).toEqual([
      ..."starting failed starting failed starting connected".split(" "),
    ]);
    expect(lab.states("well")).toEqual(["starting", "connected"]);
    lab.drain.abort();
    expect(await running).toBe(ExitCode.ok);
  },
);

test("an error that says nothing of itself is a fault of the program, and tried again", async () => {
  const lab = new Lab();
  const running = lab.run({ odd: () => Promise.reject(new TypeError("x is not a function")) });
  await settled();
  expect(lab.states("odd")).toEqual(["starting", "failed"]);
  expect(exitCodeOf(new TypeError("x"))).toBe(ExitCode.failed);
  lab.drain.abort();
  expect(await running).toBe(ExitCode.ok);
});

test("the waits double up to five minutes", async () => {
  const lab = new Lab();
  lab.random = 0.999_999;
  const running = lab.run({ broken: () => Promise.reject(failing(ExitCode.failed)) });
  await settled();
  await lab.clock.advance(60 * 60_000);
  const waits = lab.told.flatMap(([, one]) => (one.state === "failed" ? [one.inMs] : []));
  expect(waits.slice(0, 4).map((ms) => Math.round(ms))).toEqual([5_000, 10_000, 20_000, 40_000]);
  expect(Math.round(waits.at(-1) ?? 0)).toBe(RETRY_CAP_MS);
  expect(Math.max(...waits)).toBeLessThanOrEqual(RETRY_CAP_MS);
  lab.drain.abort();
  await running;
});

/** The waits after each failure of a member that is connected for so long each time, if it is at all. */
async function waitsAfter(upMs: number, connects: boolean): Promise<number[]> {
  const lab = new Lab();
  const running = lab.run({
    broken: async (up, drain) => {
      if (connects) up();
      await lab.clock.sleep(upMs, drain);
      throw failing(ExitCode.failed);
    },
  });
  await lab.clock.advance(upMs * 3 + RETRY_BASE_MS * 4);
  lab.drain.abort();
  await running;
  return lab.told.flatMap(([, one]) => (one.state === "failed" ? [one.inMs] : []));
}

test("who was connected for ten minutes begins again with short waits", async () => {
  expect((await waitsAfter(STEADY_MS, true)).slice(0, 3)).toEqual([2_500, 2_500, 2_500]);
  expect((await waitsAfter(STEADY_MS - 1, true)).slice(0, 3)).toEqual([2_500, 5_000, 10_000]);
  // Who has tried for ten minutes to connect has not.
  expect((await waitsAfter(STEADY_MS, false)).slice(0, 3)).toEqual([2_500, 5_000, 10_000]);
});

test.each([ExitCode.usage, ExitCode.refused, ExitCode.removed])(
  "what ends with %i is not started again, and is the code of the process at its end",
  async (code) => {
    const lab = new Lab();
    const error = failing(code, "for good");
    const running = lab.run({ gone: () => Promise.reject(error), well: served });
    await lab.clock.advance(60 * 60_000);
    expect(lab.told.filter(([id]) => id === "gone").map(([, one]) => one)).toEqual([
      { state: "starting" },
      { state: "ended", error, exitCode: code },
    ]);
    expect(lab.states("well")).toEqual(["starting", "connected"]);
    lab.drain.abort();
    expect(await running).toBe(code);
  },
);

test("when all have ended for good, so does the process, with the code of the first to go", async () => {
  const lab = new Lab();
  const running = lab.run({
    later: async () => {
      await lab.clock.sleep(60_000);
      throw failing(ExitCode.refused);
    },
    sooner: () => Promise.reject(failing(ExitCode.removed)),
  });
  await lab.clock.advance(60_000);
  expect(await running).toBe(ExitCode.removed);
});

test("a stop ends those that wait for their start or for a new try at once, with 0", async () => {
  const lab = new Lab();
  const running = lab.run({
    waits: () => Promise.reject(failing(ExitCode.unreachable)),
    well: served,
  });
  await settled();
  lab.drain.abort();
  expect(await running).toBe(ExitCode.ok);
  // It was never started.
  expect(lab.starts.has("well")).toBe(false);
  expect(lab.told.at(-1)?.[1]).toMatchObject({ state: "ended", exitCode: ExitCode.ok });
});

test("who fails as it stops is not started again, and its code counts", async () => {
  const lab = new Lab();
  const running = lab.run({
    broken: async (up, drain) => {
      await served(up, drain);
      throw failing(ExitCode.failed, "the last progress could not be saved");
    },
    well: served,
  });
  await lab.clock.advance(1_000);
  lab.drain.abort();
  expect(await running).toBe(ExitCode.failed);
  expect(lab.states("broken")).toEqual(["starting", "connected", "ended"]);
});

test("with once each has its end, nothing is tried again, and the highest code counts", async () => {
  const lab = new Lab();
  const running = lab.run(
    {
      broken: () => Promise.reject(failing(ExitCode.failed)),
      away: () => Promise.reject(failing(ExitCode.unreachable)),
      well: () => Promise.resolve(),
    },
    { once: true },
  );
  await lab.clock.advance(1_000);
  expect(await running).toBe(ExitCode.unreachable);
  for (const id of ["broken", "away", "well"])
    expect(lab.states(id)).toEqual(["starting", "ended"]);
});

test("a fleet of a hundred that all fail does not try them again in step", async () => {
  const lab = new Lab();
  let seed = 0;
  Object.defineProperty(lab, "random", {
    get: () => ((seed = (seed * 7919 + 13) % 1000), seed / 1000),
  });
  const ids = Array.from({ length: 100 }, (_, n) => `w${n}`);
  const broken: Run = () => Promise.reject(failing(ExitCode.unreachable));
  const running = lab.run(Object.fromEntries(ids.map((id) => [id, broken])), { spreadMs: 1_000 });
  await lab.clock.advance(7_000);
  const seconds = new Map<number, number>();
  for (const at of [...lab.starts.values()].flatMap((all) => all.slice(1, 2))) {
    seconds.set(Math.floor(at / 1000), (seconds.get(Math.floor(at / 1000)) ?? 0) + 1);
  }
  expect(Math.max(...seconds.values())).toBeLessThan(50);
  lab.drain.abort();
  await running;
});
