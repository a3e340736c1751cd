/** What the public address leads to, as the start of the bridge sees it. */
import { expect, test } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { calm } from "./held.ts";
import { TestPush, withSecret } from "./support.ts";

test("a public address that leads elsewhere ends the start, before anything is registered", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  using elsewhere = server(() => new Response("welcome"));
  await using bridge = new TestPush(platform, {
    options: { publicUrl: new URL(`http://127.0.0.1:${elsewhere.port}/agent`) },
  });
  const end = await bridge.ended;
  expect(end).toBeInstanceOf(MoleculeError);
  expect((end as MoleculeError).message).toContain(
    `http://127.0.0.1:${elsewhere.port}/agent leads to something else than this bridge (its answer: 200)`,
  );
  expect((end as MoleculeError).hint).toContain(`127.0.0.1:${bridge.port}`);
  expect(platform.calls("register")).toEqual([]);
  // The secret end was not shown to whoever answered there.
  expect(elsewhere.paths.join()).not.toMatch(/\/[\w-]{43}$/m);
});

test("an address that echoes what it is asked for does not pass for ours", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  using elsewhere = server((request) => new Response(new URL(request.url).pathname));
  await using bridge = new TestPush(platform, {
    options: { publicUrl: new URL(`http://127.0.0.1:${elsewhere.port}`) },
  });
  expect(await bridge.ended).toBeInstanceOf(MoleculeError);
});

test("a public address that can't be reached from here is told, and used", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, {
    options: { publicUrl: new URL("http://127.0.0.1:1/agent") },
  });
  expect(bridge.of("push-doubt")).toMatchObject([
    { reason: expect.stringContaining("can't be reached from here") },
  ]);
  expect(bridge.url).toStartWith("http://127.0.0.1:1/agent/");
});

test("a gateway that fails is asked again for half a minute, and then told", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  using gateway = server(() => new Response("not yet", { status: 502 }));
  await using bridge = new TestPush(platform, {
    clock,
    options: { ...calm, publicUrl: new URL(`http://127.0.0.1:${gateway.port}`) },
  });
  for (let n = 0; n < 10; n++) {
    await clock.untilSleeping((ms) => ms === 3_000);
    await clock.advance(3_000);
  }
  await bridge.until("connected");
  expect(gateway.paths.length).toBe(11);
  expect(bridge.of("push-doubt")).toMatchObject([
    { reason: expect.stringContaining("answers 502: what stands there does not pass requests on") },
  ]);
});

test("a tunnel that becomes ready in time is not told of", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  let answers = 0;
  let to = "";
  using tunnel = server((request) => {
    answers += 1;
    if (answers < 4) return new Response("", { status: [408, 429, 530][answers - 1] as number });
    return fetch(`${to}${new URL(request.url).pathname}`);
  });
  await using bridge = new TestPush(platform, {
    clock,
    options: { ...calm, publicUrl: new URL(`http://127.0.0.1:${tunnel.port}`) },
  });
  to = `http://127.0.0.1:${bridge.port}`;
  for (let n = 0; n < 3; n++) {
    await clock.untilSleeping((ms) => ms === 3_000);
    await clock.advance(3_000);
  }
  await bridge.until("connected");
  expect(bridge.of("push-doubt")).toEqual([]);
});

test.each([204, 302, 401, 404])("one that answers %d ends the start", async (status) => {
  await using platform = withSecret(new ScriptedPlatform());
  const headers = { location: "http://127.0.0.1:1/" };
  using elsewhere = server(() => new Response(null, { status, headers }));
  await using bridge = new TestPush(platform, {
    options: { publicUrl: new URL(`http://127.0.0.1:${elsewhere.port}`) },
  });
  expect(String(await bridge.ended)).toContain(`(its answer: ${status})`);
});

test("what a proxy of ours answers for the address is told, and no end", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  using proxy = server(() => new Response("denied", { status: 403 }));
  const before = process.env["http_proxy"];
  process.env["http_proxy"] = `http://127.0.0.1:${proxy.port}`;
  process.env["no_proxy"] = "127.0.0.1";
  try {
    await using bridge = await TestPush.start(platform, {
      options: { publicUrl: new URL("http://agent.example.com"), isProxied: true },
    });
    expect(bridge.of("push-doubt").at(-1)?.reason).toContain(
      "its answer: 403, asked through the proxy that is set in the environment",
    );
  } finally {
    if (before === undefined) delete process.env["http_proxy"];
    else process.env["http_proxy"] = before;
    delete process.env["no_proxy"];
  }
});

/** A server that is not ours, which remembers the paths that it was asked for. */
function server(answer: (request: Request) => Response | Promise<Response>) {
  const paths: string[] = [];
  const running = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (request) => {
      paths.push(new URL(request.url).pathname);
      return answer(request);
    },
  });
  return {
    paths,
    port: running.port as number,
    [Symbol.dispose]: () => void running.stop(true),
  };
}
