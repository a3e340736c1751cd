/** Stops and crashes in push mode, and what the next start makes of them. */
import { expect, test } from "bun:test";
import type { LeftRun } from "../../../src/bridge/parts.ts";
import { backendOf, changed } from "../../harness/bridge.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { answer, held, leaveRunning } from "./held.ts";
import { saying, TestPush, withSecret } from "./support.ts";

test("a stop lets what runs finish and answer, and sends away what waits and what comes", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const { backend, until, letGo } = held();
  await using bridge = await TestPush.start(platform, { backend });
  const running = bridge.say("running");
  await until(1);
  const message = saying("waiting", { messageId: "w" });
  const waiting = bridge.post(message);
  const joining = bridge.post(message);
  // One of them joins the other, which is in the queue then.
  await bridge.until("push-repeat");
  bridge.drain();
  await bridge.until("draining");
  const late = await bridge.post(saying("late"));
  for (const { status, headers, body } of [await waiting, await joining, late]) {
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("15");
    expect(body).toEqual({ error: "the agent is restarting", restarting: true, retry_after: 15 });
  }
  letGo("running");
  expect(await running).toBe("running");
  expect(await bridge.ended).toBeUndefined();
  await expect(bridge.post(saying("after the end"))).rejects.toThrow();
});

test("when the grace time is over the run is cut, and its repeat is told that it was", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  const { backend, until } = held();
  const setup = { stateDir: folder.path, options: { graceMs: 0 } };
  const message = saying("hello", { messageId: "m" });
  {
    await using bridge = await TestPush.start(platform, { ...setup, backend });
    const doomed = bridge.post(message);
    await until(1);
    expect(await bridge.stop()).toBeUndefined();
    expect((await doomed).body.restarting).toBe(true);
  }
  const next = backendOf();
  await using bridge = await TestPush.start(platform, { ...setup, backend: next });
  // We cut it ourselves: that is no crash.
  expect(bridge.of("recovered")).toEqual([]);
  expect(answer((await bridge.post(message)).body)).toBe("echo: hello");
  expect(next.requests).toMatchObject([{ interrupted: true, attempt: 1 }]);
});

test("after a crash what was left is ended, and only a repeat runs the message again, as interrupted", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  const message = saying("hello", { messageId: "m" });
  let activityId = "";
  for (let crash = 1; crash <= 2; crash++) {
    await leaveRunning(platform, folder.path, message, (id) => (activityId = id));
  }
  const ended: LeftRun[] = [];
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, {
    backend,
    stateDir: folder.path,
    endLeftovers: async (runs) => {
      ended.push(...runs);
      return 1;
    },
  });
  expect(ended).toEqual([{ activityId, pid: 4711, identity: "boot/123" }]);
  expect(bridge.of("recovered")).toEqual([
    { type: "recovered", runs: 1, processes: 1, kept: false },
  ]);
  expect(backend.requests).toEqual([]);
  expect(answer((await bridge.post(message)).body)).toBe("echo: hello");
  expect(backend.requests).toMatchObject([{ activityId, interrupted: true, attempt: 3 }]);
});

test("a message over which five processes died is not run any more", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  const message = saying("hello", { messageId: "m" });
  for (let crash = 1; crash <= 5; crash++) {
    await leaveRunning(platform, folder.path, message, () => {});
  }
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend, stateDir: folder.path });
  expect((await bridge.post(message)).body.error.code).toBe(-32603);
  expect(backend.requests).toEqual([]);
  expect(await bridge.say("another")).toBe("echo: another");
});

test("messages that poll mode left unfinished are told of", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, {
    store: (store) =>
      changed(store, {
        journal: changed(store.journal, {
          load: async () => ({ waiting: 3, deadLetters: 0, bytes: 0, full: false }),
        }),
      }),
  });
  await bridge.until("push-left");
  expect(bridge.of("push-left")).toEqual([{ type: "push-left", waiting: 3 }]);
});

test("files of old messages that can't be looked after are told of, and keep no bridge from its start", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, {
    store: (store) =>
      changed(store, {
        files: changed(store.files, { list: () => Promise.reject(new Error("no folder")) }),
      }),
  });
  await bridge.until("upkeep-failed");
  expect(bridge.of("upkeep-failed")).toMatchObject([{ reason: "no folder" }]);
  expect(await bridge.say("hello")).toBe("echo: hello");
});
