import { expect, setDefaultTimeout } from "bun:test";
import { connect, stateOf } from "../harness/connect.ts";
import { Gate } from "../harness/gate.ts";
import { peerId, sentTexts } from "../harness/peers.ts";
import { row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const { test } = onPosix("Windows has no signals");

setDefaultTimeout(60_000);

/** Two processes that do not end when asked. */
const STUBBORN = "trap '' TERM INT HUP; sleep 1000 & echo started >&2; sleep 1000; sleep 1000";

const peers = (count: number) =>
  Array.from({ length: count }, (_, n) => row(n + 1, { source_id: peerId(n + 1) }));

const once = { once: true } as const;

test("a first signal: running work is finished, the last line says what is left, and the next start does that", async () => {
  using home = tmpFolder();
  using gate = new Gate(home.path);
  await using platform = new ScriptedPlatform();
  // Two run, one for each peer; the second one of the first peer and the third peer wait.
  platform.rows = [...peers(3), row(4, { source_id: peerId(1) })];
  const cmd = `echo started >&2; ${gate.wait}; echo "answer to $(cat)"`;
  const flags = { concurrency: 2, "grace-secs": 3600 };
  await using bridge = connect(platform.url, home.path, { cmd, flags });
  await bridge.untilBackendSays("started", 2);
  bridge.signal("SIGTERM");
  expect((await bridge.untilEvent("draining")).running).toBe(2);
  gate.open();
  gate.open();
  await bridge.endsWith(0);
  expect(sentTexts(platform).toSorted()).toEqual(["answer to text 1", "answer to text 2"]);
  const [stopped] = bridge.of("stopped");
  expect(stopped).toMatchObject({ settled: 2, dead: 0, waiting: 2, replies: 0, open_replies: 0 });
  expect(stopped?.msg).toBe(
    "stopped: 2 messages finished, 2 messages to be taken up by the next start",
  );
  expect(bridge.events.at(-1)?.event).toBe("stopped");
  expect(stateOf(home.path).last_since_id).toBe(row(2).id);

  await using next = connect(platform.url, home.path, { flags: once });
  await next.endsWith(0);
  expect(sentTexts(platform).slice(2).toSorted()).toEqual(["echo: text 3", "echo: text 4"]);
  expect(stateOf(home.path).last_since_id).toBe(row(4).id);
});

test("answers that could not be posted are told as such, and posted by the next start without a second run", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = peers(2);
  platform.on("a2a", () => Response.json({ error: "busy" }, { status: 503 }));
  await using bridge = connect(platform.url, home.path);
  await bridge.untilEvent("reply-retry", 2);
  await bridge.stop();
  expect(bridge.of("stopped")[0]?.msg).toContain("2 answers to be posted by the next start");
  platform.on("a2a", () => undefined);
  await using next = connect(platform.url, home.path, { flags: once });
  await next.endsWith(0);
  expect(next.of("taken")).toEqual([]);
  expect(new Set(sentTexts(platform))).toEqual(new Set(["echo: text 1", "echo: text 2"]));
});

test("when the grace time is over, runs are cut, no process survives, and their messages are run again", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = peers(3);
  const flags = { concurrency: 2, "grace-secs": 1 };
  await using bridge = connect(platform.url, home.path, { cmd: STUBBORN, flags });
  await bridge.untilBackendSays("started", 2);
  await bridge.untilChildren(4);
  await bridge.stop();
  await bridge.untilChildless();
  expect(bridge.of("stopped")).toMatchObject([{ settled: 0, waiting: 3 }]);
  expect(bridge.of("run-failed")).toEqual([]);
  expect(platform.calls("a2a")).toEqual([]);

  await using next = connect(platform.url, home.path, { flags: once });
  await next.endsWith(0);
  expect(sentTexts(platform)).toHaveLength(3);
  // A run that we cut ourselves is no crash of the bridge.
  expect(next.of("recovered")).toEqual([]);
});

test("a second signal: it ends at once with 130, and no process of a child's group survives", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = peers(2);
  const flags = { concurrency: 2, "grace-secs": 3600 };
  await using bridge = connect(platform.url, home.path, { cmd: STUBBORN, flags });
  await bridge.untilBackendSays("started", 2);
  await bridge.untilChildren(4);
  bridge.signal("SIGINT");
  await bridge.untilEvent("draining");
  bridge.signal("SIGTERM");
  await bridge.endsWith(130);
  await bridge.untilChildless();
  expect(platform.calls("a2a")).toEqual([]);

  await using next = connect(platform.url, home.path, { flags: once });
  await next.endsWith(0);
  expect(sentTexts(platform).toSorted()).toEqual(["echo: text 1", "echo: text 2"]);
});

test("a signal while nothing runs ends it at once", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using bridge = connect(platform.url, home.path, { flags: { "grace-secs": 3600 } });
  await bridge.untilEvent("connected");
  await platform.untilCalled("activity");
  await bridge.stop();
  expect(bridge.of("stopped")[0]?.msg).toBe("stopped: 0 messages finished");
});

test("messages that come while it drains are left to the next start", async () => {
  using home = tmpFolder();
  using gate = new Gate(home.path);
  await using platform = new ScriptedPlatform();
  platform.rows = peers(1);
  const cmd = `echo started >&2; ${gate.wait}; echo done`;
  const flags = { "heartbeat-ms": 20 };
  await using bridge = connect(platform.url, home.path, { cmd, flags });
  await bridge.untilBackendSays("started");
  bridge.signal("SIGTERM");
  await bridge.untilEvent("draining");
  platform.rows.push(row(2));
  // Presence goes on until the last answer is posted.
  await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 3);
  gate.open();
  await bridge.endsWith(0);
  expect(sentTexts(platform)).toEqual(["done"]);
  await using next = connect(platform.url, home.path, { flags: once });
  await next.endsWith(0);
  expect(sentTexts(platform)).toEqual(["done", "echo: text 2"]);
});
