/** The event stream through the binary, where no look would come in time. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { connect, Dev } from "../harness/connect.ts";
import { freePort } from "../harness/port.ts";
import { row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { ScriptedStream } from "../harness/scripted-stream.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

/** An hour between two looks: who is answered within a test was told of. */
const DEAF = { "interval-ms": 3_600_000, verbose: true } as const;

test.each(["r1", "r2"])(
  "a message is answered as it comes, by the stream of revision %s",
  async (revision) => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, revision });
    await using bridge = dev.connect(home.path, { flags: DEAF });
    await bridge.untilEvent("wake");
    for (const text of ["one", "two"]) {
      expect(await dev.send(text, dev.ada)).toMatchObject({ code: 0, stdout: `echo: ${text}\n` });
    }
    expect(await dev.send("three")).toMatchObject({ code: 0, stdout: "echo: three\n" });
    await bridge.stop();
    expect(bridge.of("answered")).toHaveLength(3);
  },
);

test("a platform that is killed and comes back is heard again", async () => {
  using home = tmpFolder();
  const port = await freePort();
  const flags = { port, db: `${home.path}/platform.db` };
  const first = await Dev.start(home.path, flags);
  await using bridge = first.connect(home.path, { flags: DEAF });
  await bridge.untilEvent("wake");
  first.run.signal("SIGKILL");
  await first.run.end();
  await bridge.until(() => bridge.of("wake").some((e) => e.wake_state === "away"), "the loss");
  await using second = await Dev.start(home.path, flags);
  const opened = () => bridge.of("wake").filter((e) => e.wake_state === "open").length;
  await bridge.until(() => opened() === 2, "a second stream");
  expect(await second.send("again", second.ada)).toMatchObject({ stdout: "echo: again\n" });
});

test("a proxy that keeps the stream to itself costs no message and no heartbeat", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  // It passes on what is whole, as buffering proxies do.
  await using proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      const { method, headers, signal } = request;
      const body = method === "GET" ? null : await request.arrayBuffer();
      const answer = await fetch(dev.url + pathname + search, { method, headers, body, signal });
      return new Response(await answer.arrayBuffer(), answer);
    },
  });
  const env = { MOLECULE_WORKSPACE_TOKEN: dev.agent.token };
  await using bridge = connect(proxy.url.href, home.path, { id: dev.agent.id, env });
  await bridge.untilEvent("connected");
  expect(await dev.send("hello", dev.ada)).toMatchObject({ stdout: "echo: hello\n" });
  await bridge.stop();
});

test("without a stream messages come all the same, which is told once", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using bridge = connect(platform.url, home.path);
  const told = await bridge.untilEvent("wake");
  expect(told).toMatchObject({ level: "info", wake_state: "off" });
  platform.rows.push(row(1));
  await bridge.untilEvent("answered");
});

test("--wake off opens none", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const stream = new ScriptedStream(platform);
  await using bridge = connect(platform.url, home.path, { flags: { wake: "off" } });
  platform.rows.push(row(1));
  await bridge.untilEvent("answered");
  expect(stream.opened).toBe(0);
});
