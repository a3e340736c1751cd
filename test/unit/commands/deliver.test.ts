/** Tasks that a platform does not take at once. */
import { expect, test } from "bun:test";
import type { Log } from "../../../src/cli/log.ts";
import { deliver } from "../../../src/commands/workspace/deliver.ts";
import { PlatformError } from "../../../src/platform/platform.ts";

/** A platform that refuses so many times, on a clock that sleeping moves. */
function stage(refusals: number, timeoutMs: number, retryAfterMs: number) {
  const told: string[] = [];
  let [now, tries] = [0, 0];
  const warn = (line: string) => void told.push(line);
  const log: Log = { error: warn, warn, info: warn, debug: warn };
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms: number) => void (now += ms),
  };
  const send = async () => {
    tries += 1;
    if (tries > refusals) return { status: "delegated" };
    throw new PlatformError("delegating: 429", { verdict: "transient", status: 429, retryAfterMs });
  };
  const ended = deliver(send, { timeoutMs, log, clock }).catch((error: unknown) => error);
  return { ended, told, tries: () => tries, slept: () => now };
}

test("each wait is told, and how long it is", async () => {
  const { ended, told } = stage(2, 60_000, 20_000);
  expect(await ended).toEqual({ status: "delegated" });
  expect(told).toHaveLength(2);
  for (const line of told) expect(line).toMatch(/^delegating: 429; trying again in 2\d(\.\d)? s$/);
});

test("a wait that would end after the time is up is not begun", async () => {
  const { ended, told, tries, slept } = stage(2, 30_000, 20_000);
  expect(await ended).toMatchObject({ message: "delegating: 429" });
  expect({ tries: tries(), told: told.length }).toEqual({ tries: 2, told: 1 });
  expect(slept()).toBeLessThan(30_000);
});

test("after the third try it ends", async () => {
  const { ended, tries } = stage(9, 600_000, 1_000);
  expect(await ended).toBeInstanceOf(PlatformError);
  expect(tries()).toBe(3);
});
