import { expect, test } from "bun:test";
import { ServiceWords } from "../../../../src/commands/connect/service-words.ts";
import type { WorkspaceStatus } from "../../../../src/observe/status.ts";
import { ManualClock } from "../../../harness/clock.ts";

function scene(...states: WorkspaceStatus["state"][]) {
  const clock = new ManualClock();
  const told: string[] = [];
  let watching: AbortSignal | undefined;
  const statuses = states.map((state) => ({
    state,
    workspaceId: "w",
    mode: "poll",
    troubles: [],
    running: 0,
    wake: "open",
    messages: { answered: 0 },
  })) as unknown as WorkspaceStatus[];
  const notifier = {
    ready: (text: string) => void told.push(`ready: ${text}`),
    status: (text: string) => void told.push(text),
    stopping: () => void told.push("stopping"),
    watch: async (_: () => boolean, signal: AbortSignal) => void (watching = signal),
  };
  const words = new ServiceWords({ notifier, clock, read: () => statuses, isAlive: () => true });
  const set = (at: number, change: Partial<WorkspaceStatus>) => {
    Object.assign(statuses[at] ?? {}, change);
    words.changed();
  };
  return { clock, told, words, set, watching: () => watching };
}

test("it is ready with the first workspace that is connected, and not before", () => {
  const { told, set } = scene("starting", "starting");
  set(0, { state: "failed", retryAt: 7 });
  expect(told).toEqual([]);
  set(1, { state: "connected" });
  expect(told).toEqual(["ready: 1 of 2 connected · 1 failed · 0 answered"]);
});

test("a standby is ready, since it may wait for days", () => {
  const { told, set } = scene("starting");
  set(0, { state: "waiting" });
  expect(told).toEqual(["ready: waiting for another bridge to end · 0 answered"]);
});

test("those that have failed and are tried again are not over", async () => {
  const { told, set, clock } = scene("connected", "connected");
  for (const at of [0, 1]) set(at, { state: "failed", retryAt: 7 });
  await clock.advance(1_000);
  set(0, { state: "connected", retryAt: undefined });
  await clock.advance(1_000);
  expect(told).not.toContain("stopping");
  expect(told.at(-1)).toBe("1 of 2 connected · 1 failed · 0 answered");
  for (const at of [0, 1]) set(at, { state: "failed", retryAt: undefined });
  expect(told.at(-1)).toBe("stopping");
});

test("changes are told a second later, many at once", async () => {
  const { told, set, clock } = scene("connected");
  set(0, {});
  for (let n = 1; n <= 50; n++) set(0, { messages: { answered: n } as never });
  expect(told).toHaveLength(1);
  await clock.advance(1_000);
  expect(told.slice(1)).toEqual(["connected · 50 answered"]);
});

test("it is told once that all are stopping, and nothing after the end", async () => {
  const { told, set, words, clock, watching } = scene("connected", "connected");
  set(0, { state: "draining" });
  await clock.advance(1_000);
  expect(told).not.toContain("stopping");
  set(1, { state: "draining" });
  set(1, { state: "stopped" });
  expect(told.filter((text) => text === "stopping")).toHaveLength(1);
  words.end();
  set(0, { state: "stopped" });
  await clock.advance(5_000);
  expect(told.at(-1)).toBe("stopping");
  expect(watching()?.aborted).toBe(true);
});
