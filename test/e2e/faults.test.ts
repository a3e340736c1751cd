import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, Dev, stateOf } from "../harness/connect.ts";
import { freePort } from "../harness/port.ts";
import { peakMemory } from "../harness/processes.ts";
import { PEER, row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onLinux, onPosix } from "../harness/platform.ts";

const linux = onLinux("/proc tells how much memory it held").test;
const inShell = onPosix("its command is for sh").test;

setDefaultTimeout(60_000);

const answers = (platform: ScriptedPlatform) =>
  platform.calls("a2a").map(({ body }) => body.params.message.parts[0].text);

const page = (status: number) =>
  new Response("<!doctype html><title>Sign in</title>", {
    status,
    headers: { "content-type": "text/html" },
  });

describe.each([200, 404, 502])("a page for people under status %i", (status) => {
  test("in place of the feed is waited out", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    // Also before the first good answer, where a wrong address would be told.
    platform.on("activity", (_, nth) => (nth <= 2 ? page(status) : undefined));
    await using bridge = connect(platform.url, home.path);
    expect(await bridge.untilEvent("feed-recovered")).toMatchObject({ failures: 2 });
    await bridge.untilEvent("answered");
    await bridge.stop();
    // Told once, at its edge.
    expect(bridge.of("feed-failed")).toMatchObject([
      { level: "warn", reason: expect.stringContaining("text/html instead of JSON") },
    ]);
    expect(answers(platform)).toEqual(["echo: text 1"]);
  });
});

test("an answer that is cut off is asked for again in smaller pages, and no row is lost", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = Array.from({ length: 30 }, (_, n) => row(n));
  platform.on("activity", ({ query }) =>
    Number(query.get("limit")) > 10
      ? new Response('[{"id": "aaaaaaaa-0000-4', {
          headers: { "content-type": "application/json" },
        })
      : undefined,
  );
  await using bridge = connect(platform.url, home.path, { flags: { once: true } });
  await bridge.endsWith(0);
  expect(bridge.of("page-shrunk").length).toBeGreaterThan(0);
  expect(answers(platform)).toEqual(platform.rows.map((_, n) => `echo: text ${n}`));
});

linux("an answer of 50 MB is not held in memory", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2)];
  const huge = JSON.stringify([row(1, { text: "x".repeat(50_000_000) })]);
  platform.on("activity", (_, nth) =>
    nth <= 3 ? new Response(huge, { headers: { "content-type": "application/json" } }) : undefined,
  );
  await using bridge = connect(platform.url, home.path);
  await bridge.untilEvent("page-shrunk", 3);
  await bridge.untilEvent("answered", 2);
  const peak = peakMemory(bridge.pid);
  await bridge.stop();
  expect(answers(platform)).toEqual(["echo: text 1", "echo: text 2"]);
  expect((peak ?? Infinity) / 1e6).toBeLessThan(250);
});

test("a platform that asks the feed to wait for a year is waited for ten minutes, and still hears the heart", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.on("activity", () =>
    Response.json({ error: "slow down" }, { status: 429, headers: { "retry-after": "31536000" } }),
  );
  await using bridge = connect(platform.url, home.path, { flags: { "heartbeat-ms": 20 } });
  const { in_ms } = await bridge.untilEvent("feed-failed");
  expect(in_ms).toBeLessThanOrEqual(600_000);
  expect(in_ms).toBeGreaterThanOrEqual(540_000);
  const beats = platform.calls("heartbeat").length;
  await platform.untilCalled("heartbeat", beats + 10);
  expect(platform.calls("activity")).toHaveLength(1);
  await bridge.stop();
});

test("a heart that is told to wait for a year beats on", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.on("heartbeat", (_, nth) =>
    nth <= 3
      ? new Response("", { status: 429, headers: { "retry-after": "31536000" } })
      : undefined,
  );
  await using bridge = connect(platform.url, home.path, { flags: { "heartbeat-ms": 20 } });
  expect(await bridge.untilEvent("heartbeat-recovered")).toMatchObject({ failures: 3 });
  expect(bridge.of("heartbeat-failed").map(({ level }) => level)).toEqual(["warn"]);
  await bridge.stop();
});

test("a platform that goes away and comes back is found again, and nothing is lost or answered twice", async () => {
  using home = tmpFolder();
  const port = freePort();
  const flags = { port, db: join(home.path, "platform.db") };
  await using before = await Dev.start(home.path, flags);
  await using bridge = before.connect(home.path);
  await before.send("one", before.ada, {});
  await bridge.untilEvent("answered");
  before.run.signal("SIGKILL");
  await before.run.end();
  await bridge.untilEvent("feed-failed");
  await using after = await Dev.start(home.path, flags);
  await after.send("two", after.ada, {});
  await bridge.untilEvent("feed-recovered");
  await bridge.untilEvent("answered", 2);
  await bridge.stop();
  expect(bridge.of("taken")).toHaveLength(2);
  const rows = await after.feed();
  expect(rows.map(({ id }) => id)).toEqual(
    bridge.of("taken").map(({ activity_id }) => activity_id),
  );
  expect(stateOf(home.path, after.agent.id).last_since_id).toBe(rows.at(-1).id);
});

test("a platform that stays away for longer than --max-offline ends the run with 4", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using bridge = connect(platform.url, home.path, {
    flags: { "max-offline": "1s", "heartbeat-ms": 20 },
  });
  await platform.untilCalled("heartbeat", 3);
  const away = () => new Response("", { status: 503 });
  platform.on("activity", away).on("heartbeat", away);
  await bridge.endsWith(4);
  expect(bridge.failure).toMatch(/^error: the platform has not answered for .*--max-offline/m);
});

inShell(
  "a message that fails is tried as often as told, its sender hears of it, and the next is answered",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { text: "bad" }), row(2, { text: "good" })];
    const cmd = 'read -r x; echo "$x" >> runs; [ "$x" = bad ] && exit 3; echo "$x is fine"';
    await using bridge = connect(platform.url, home.path, { cmd, flags: { "max-attempts": 2 } });
    await bridge.untilEvent("answered", 2);
    await bridge.stop();
    expect(readFileSync(join(home.path, "runs"), "utf8")).toBe("bad\nbad\ngood\n");
    expect(bridge.of("run-retry")).toMatchObject([{ attempt: 1, max_attempts: 2 }]);
    expect(bridge.of("run-failed")).toMatchObject([{ attempts: 2, from: PEER }]);
    const [failure = "", answer] = answers(platform);
    expect(answer).toBe("good is fine");
    expect(failure).toContain("status 3");
    expect(failure.length).toBeLessThan(200);
    expect(failure).not.toContain(home.path);
    expect(stateOf(home.path).last_since_id).toBe(row(2).id);
  },
);

inShell(
  "a missing program behind the command is told to the asker without its details",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { source_id: null })];
    await using bridge = connect(platform.url, home.path, {
      cmd: "exec /a/secret/place/agent",
      flags: { "max-attempts": 1 },
    });
    await bridge.untilEvent("answered");
    await bridge.stop();
    const told = platform.calls("notify").map(({ body }) => body.message);
    expect(told).toEqual([expect.stringContaining("status 127")]);
    expect(told[0]).not.toContain("secret");
    // The operator sees what the shell said.
    expect(bridge.of("backend-stderr")[0]?.line).toContain("/a/secret/place/agent");
  },
);
