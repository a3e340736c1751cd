import { expect, setDefaultTimeout } from "bun:test";
import { connect, stateOf } from "../harness/connect.ts";
import { Gate } from "../harness/gate.ts";
import { PEER, row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const { describe, test } = onPosix("Windows has no signals");

setDefaultTimeout(60_000);

/** Neither it nor what it has started ends when asked. */
const STUBBORN = "trap '' TERM INT HUP; sleep 1000 & echo started >&2; sleep 1000; sleep 1000";

const answers = (platform: ScriptedPlatform) =>
  platform.calls("a2a").map(({ body }) => body.params.message.parts[0].text);

describe.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s", (signal) => {
  test("lets the running message finish, has it answered and saved, and takes no other", async () => {
    using home = tmpFolder();
    using gate = new Gate(home.path);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const cmd = `sleep 1000 & echo started >&2; ${gate.wait}; echo "answer $line"`;
    await using bridge = connect(platform.url, home.path, { cmd });
    await bridge.untilBackendSays("started");
    await bridge.untilChildren(2);
    bridge.signal(signal);
    expect((await bridge.untilEvent("draining")).running).toBe(1);
    gate.open("42");
    await bridge.endsWith(0);
    expect(answers(platform)).toEqual(["answer 42"]);
    expect(stateOf(home.path).last_since_id).toBe(row(1).id);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, waiting: 1, replies: 0 }]);
    await bridge.untilChildless();
  });
});

test("when the grace time is over the run is cut, and its message delivered again at the next start", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using cut = connect(platform.url, home.path, {
    cmd: STUBBORN,
    flags: { "grace-secs": 1 },
  });
  await cut.untilBackendSays("started");
  await cut.stop();
  expect(cut.of("stopped")).toMatchObject([{ settled: 0, waiting: 1, replies: 0 }]);
  expect(cut.of("run-failed")).toEqual([]);
  expect(answers(platform)).toEqual([]);
  expect(stateOf(home.path).last_since_id).toBe("");
  await cut.untilChildless();

  await using next = connect(platform.url, home.path, { flags: { once: true } });
  await next.endsWith(0);
  expect(answers(platform)).toEqual(["echo: text 1"]);
  expect(stateOf(home.path).last_since_id).toBe(row(1).id);
});

test("a second signal ends all at once with 130, and the message is delivered again", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = connect(platform.url, home.path, {
    cmd: STUBBORN,
    flags: { "grace-secs": 3600 },
  });
  await bridge.untilBackendSays("started");
  bridge.signal("SIGINT");
  await bridge.untilEvent("draining");
  bridge.signal("SIGTERM");
  await bridge.endsWith(130);
  await bridge.untilChildless();
  expect(answers(platform)).toEqual([]);

  await using next = connect(platform.url, home.path, { flags: { once: true } });
  await next.endsWith(0);
  expect(answers(platform)).toEqual(["echo: text 1"]);
});

test("an answer that waits to be posted again waits for the next start, and is not made twice", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  platform.on("a2a", (_, nth) =>
    nth === 1
      ? Response.json({ error: "busy" }, { status: 503, headers: { "retry-after": "300" } })
      : undefined,
  );
  await using bridge = connect(platform.url, home.path);
  await bridge.untilEvent("reply-retry");
  await bridge.stop();
  expect(bridge.of("stopped")).toMatchObject([{ settled: 0, waiting: 0, replies: 1 }]);
  await using next = connect(platform.url, home.path, { flags: { once: true } });
  await next.endsWith(0);
  expect(next.of("answered")).toMatchObject([{ to: PEER }]);
  expect(next.of("taken")).toEqual([]);
  const ids = platform.calls("a2a").map(({ body }) => body.params.message.messageId);
  expect(new Set(ids).size).toBe(1);
  expect(stateOf(home.path).last_since_id).toBe(row(1).id);
});

test("an answer that can't be posted leaves its message unsettled", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  platform.on("a2a", () =>
    Response.json({ error: "busy" }, { status: 503, headers: { "retry-after": "300" } }),
  );
  await using bridge = connect(platform.url, home.path, { flags: { "grace-secs": 0 } });
  await bridge.untilEvent("reply-retry");
  await bridge.stop();
  expect(bridge.of("stopped")).toMatchObject([{ settled: 0, waiting: 0, replies: 1 }]);
  expect(stateOf(home.path).last_since_id).toBe("");
});

test("a signal ends the wait for a platform that is away", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const away = () => new Response("", { status: 503, headers: { "retry-after": "300" } });
  platform.on("activity", away).on("heartbeat", away);
  await using bridge = connect(platform.url, home.path);
  await bridge.untilEvent("feed-failed");
  await bridge.untilEvent("heartbeat-failed");
  await bridge.stop();
});

test("a signal ends the wait for a platform that does not answer", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const silent = () => new Promise<Response>(() => {});
  platform.on("activity", silent).on("heartbeat", silent);
  await using bridge = connect(platform.url, home.path);
  await platform.untilCalled("activity");
  await platform.untilCalled("heartbeat");
  await bridge.stop();
});

test("a bridge that was started to outlive its terminal is not ended by SIGHUP", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const by = ["sh", "-c", `trap '' HUP; exec "$@"`, "sh"];
  await using bridge = connect(platform.url, home.path, { by });
  await bridge.untilEvent("connected");
  bridge.signal("SIGHUP");
  platform.rows = [row(1)];
  await bridge.untilEvent("answered");
  await platform.untilCalled("activity", platform.calls("activity").length + 5);
  expect(bridge.of("draining")).toEqual([]);
  await bridge.stop();
});
