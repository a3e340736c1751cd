import { describe, expect, test } from "bun:test";
import { Notifier } from "../../../src/service/notify.ts";
import { ManualClock } from "../../harness/clock.ts";

/** A service manager in memory; `takes` is whether its socket has room. */
class Manager {
  readonly heard: string[] = [];
  readonly clock = new ManualClock();
  takes = true;

  notifier(env: Record<string, string> = {}): Promise<Notifier> {
    return Notifier.fromEnv(
      { NOTIFY_SOCKET: "/run/notify", ...env },
      {
        clock: this.clock,
        pid: 7,
        open: async () => (text) => {
          if (this.takes) this.heard.push(text);
          return this.takes;
        },
      },
    );
  }
}

test("it tells that it is ready once, and then how it is", async () => {
  const manager = new Manager();
  const notifier = await manager.notifier();
  notifier.ready("connected");
  notifier.ready("connected again");
  notifier.status("connected again");
  notifier.status("troubled");
  notifier.stopping("finishing 2 messages");
  expect(manager.heard).toEqual([
    "READY=1\nSTATUS=connected",
    "STATUS=connected again",
    "STATUS=troubled",
    "STOPPING=1\nSTATUS=finishing 2 messages",
  ]);
});

test("a status is one line, which can order nothing", async () => {
  const manager = new Manager();
  (await manager.notifier()).status("a\nMAINPID=1\r\u2028b");
  expect(manager.heard).toEqual(["STATUS=a MAINPID=1 \\u2028b"]);
});

test("without a service manager it does nothing", async () => {
  const notifier = await Notifier.fromEnv(
    { WATCHDOG_USEC: "1000" },
    { open: async () => Promise.reject(new Error("it was opened")) },
  );
  notifier.ready("connected");
  expect([notifier.watchdogMs, notifier.problem]).toEqual([undefined, undefined]);
  await notifier.watch(() => true, new AbortController().signal);
});

test("it says why the manager can't be told", async () => {
  const env = { NOTIFY_SOCKET: "/run/notify", WATCHDOG_USEC: "1000" };
  const notifier = await Notifier.fromEnv(env, { open: async () => "no C library" });
  notifier.ready("connected");
  expect([notifier.problem, notifier.watchdogMs]).toEqual(["no C library", undefined]);
});

describe("the watchdog", () => {
  const env = { WATCHDOG_USEC: "60000000" };

  test("is told at every half of its time, while all is alive", async () => {
    const manager = new Manager();
    const notifier = await manager.notifier(env);
    expect(notifier.watchdogMs).toBe(60_000);
    const stop = new AbortController();
    let alive = true;
    const watching = notifier.watch(() => alive, stop.signal);
    await manager.clock.advance(30_000);
    await manager.clock.advance(30_000);
    expect(manager.heard).toEqual(Array(3).fill("WATCHDOG=1"));
    alive = false;
    await manager.clock.advance(30_000);
    expect(manager.heard).toHaveLength(3);
    stop.abort();
    await watching;
  });

  test("is not told by one whose look fails", async () => {
    const manager = new Manager();
    const stop = new AbortController();
    const watching = (await manager.notifier(env)).watch(() => {
      throw new Error("broken");
    }, stop.signal);
    await manager.clock.advance(30_000);
    expect(manager.heard).toEqual([]);
    stop.abort();
    await watching;
  });

  test.each([
    ["of another process", { ...env, WATCHDOG_PID: "8" }, undefined],
    ["of this one", { ...env, WATCHDOG_PID: "7" }, 60_000],
    ["of no process in particular", { ...env, WATCHDOG_PID: "" }, 60_000],
    ["that is no number", { WATCHDOG_USEC: "1e6" }, undefined],
    ["of no time", { WATCHDOG_USEC: "0" }, undefined],
  ])("%s", async (_, variables, ms) => {
    expect((await new Manager().notifier(variables)).watchdogMs).toBe(ms);
  });
});

describe("a manager whose socket is full", () => {
  test("is told later, in order, and only the newest status", async () => {
    const manager = new Manager();
    const notifier = await manager.notifier();
    manager.takes = false;
    notifier.ready("connected");
    notifier.status("one");
    notifier.status("two");
    expect(manager.heard).toEqual([]);
    manager.takes = true;
    await manager.clock.advance(200);
    expect(manager.heard).toEqual(["READY=1\nSTATUS=connected", "STATUS=two"]);
  });

  test("for good is given up, until there is something new", async () => {
    const manager = new Manager();
    const notifier = await manager.notifier();
    manager.takes = false;
    notifier.ready("connected");
    for (let i = 0; i < 60; i++) await manager.clock.advance(200);
    manager.takes = true;
    await manager.clock.advance(10_000);
    expect(manager.heard).toEqual([]);
    notifier.status("troubled");
    expect(manager.heard).toEqual(["READY=1\nSTATUS=connected", "STATUS=troubled"]);
  });
});
