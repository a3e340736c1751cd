/** The life of a bridge in push mode, against a platform that answers as it is scripted. */
import { expect, test } from "bun:test";
import { backendOf, changed, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform, TOKEN } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { bearer, saying, SECRET, TestPush, withSecret } from "./support.ts";

test("it registers with a secret address under the public one, answers on the open request, and stops when asked", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend, publicPath: "/agent" });
  const body = platform.calls("register")[0]?.body;
  expect(body.delivery_mode).toBe("push");
  const base = `http://127.0.0.1:${bridge.port}/agent`;
  expect(body.url).toMatch(new RegExp(`^${base}/[\\w-]{43}$`));
  expect(bridge.of("connected")).toMatchObject([{ start: "push", from: base }]);

  const { status, body: answer } = await bridge.post(
    saying("hello", { messageId: "m1", contextId: "c1" }),
  );
  expect(status).toBe(200);
  expect(answer).toMatchObject({
    jsonrpc: "2.0",
    id: "r1",
    result: {
      kind: "message",
      role: "agent",
      contextId: "c1",
      parts: [{ kind: "text", type: "text", text: "echo: hello" }],
      metadata: { molecule_reply: { to: "m1" } },
    },
  });
  expect(backend.requests).toMatchObject([
    { sender: "unknown", peerId: undefined, contextId: "c1", answerFolder: undefined },
  ]);
  expect(bridge.of("taken")).toMatchObject([{ from: "unknown" }]);
  expect(bridge.of("answered")).toMatchObject([{ to: "unknown", kind: "answer" }]);
  expect(await bridge.stop()).toBeUndefined();
  expect(bridge.of("stopped")).toMatchObject([{ settled: 1, dead: 0 }]);
  expect(platform.calls("activity")).toEqual([]);
});

test("a run goes on with its sender's trace, and its answer with the run's", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend });
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${id}-00f067aa0ba902b7-01`;
  const { body: answer } = await bridge.post(saying("hello", { metadata: { traceparent } }));
  const handed = backend.requests[0]?.traceparent ?? "";
  expect(handed).toStartWith(`00-${id}-`);
  expect(handed).not.toBe(traceparent);
  expect(answer.result.metadata.traceparent).toBe(handed);
  // No row was written for it.
  expect(bridge.of("taken")).toMatchObject([{ traceId: id, delayMs: undefined }]);
  expect(bridge.of("ran")).toMatchObject([{ outcome: "answer" }]);
});

test("the secret end of the address outlives a restart, and no event or log tells it", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  const setup = { stateDir: folder.path };
  const ends: string[] = [];
  for (let n = 0; n < 2; n++) {
    await using bridge = await TestPush.start(platform, setup);
    const end = bridge.url.split("/").at(-1) as string;
    ends.push(end);
    expect(JSON.stringify(bridge.events)).not.toContain(end);
    expect(bridge.secrets.mask(`see ${end}`)).toBe("see [secret]");
  }
  expect(ends[1]).toBe(ends[0] as string);
});

test("only a POST to exactly the secret path gets more than an empty 404", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend, publicPath: "/agent" });
  const end = bridge.url.split("/").at(-1) as string;
  const origin = `http://127.0.0.1:${bridge.port}`;
  const others = [
    origin,
    `${origin}/agent`,
    `${origin}/agent/`,
    `${origin}/agent/${end}/`,
    `${origin}/agent/${end}/internal/file/read`,
    `${origin}/agent/${end}?x=1`,
    `${origin}/other/${end}`,
    `${origin}/agent/${end.slice(0, -1)}`,
    `${origin}/agent/${end.slice(0, -1)}${end.endsWith("A") ? "B" : "A"}`,
    `${origin}/.well-known/agent-card.json`,
  ];
  for (const url of others) {
    const { status, text } = await bridge.post(saying("hello"), { url, ...bearer() });
    expect({ url, status, text }).toEqual({ url, status: 404, text: "" });
  }
  expect((await bridge.post("", { method: "GET" })).status).toBe(405);
  expect((await bridge.post("", { method: "PUT" })).status).toBe(405);
  expect(backend.requests).toEqual([]);
  // A proxy in front may take the public address' own path away.
  const stripped = await bridge.post(saying("hello"), { url: `${origin}/${end}` });
  expect(stripped.body.result.parts[0].text).toBe("echo: hello");
});

test("a platform that shows its secret is held to it from then on, after a restart too", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  {
    await using bridge = await TestPush.start(platform, { stateDir: folder.path });
    expect((await bridge.post(saying("without"))).status).toBe(200);
    expect((await bridge.post(saying("wrong"), bearer(`${SECRET}x`))).status).toBe(401);
    expect(bridge.of("push-secured")).toEqual([]);
    expect((await bridge.post(saying("right"), bearer())).status).toBe(200);
    expect(bridge.of("push-secured")).toHaveLength(1);
    expect((await bridge.post(saying("without"))).status).toBe(401);
    expect(bridge.of("push-refused")).toMatchObject([
      { status: 401, reason: expect.stringContaining("not the platform's inbound secret") },
      { status: 401, reason: expect.stringContaining("seven days after the last") },
    ]);
    const warned = { reason: expect.stringContaining("whoever knows the address may ask") };
    expect(bridge.of("push-doubt")).toMatchObject([warned]);
    expect(JSON.stringify(bridge.events)).not.toContain(SECRET);
  }
  await using next = await TestPush.start(platform, { stateDir: folder.path });
  expect((await next.post(saying("without"))).status).toBe(401);
  expect((await next.post(saying("right"), bearer())).status).toBe(200);
});

test("while no secret was told, a request that shows one is asked to come again", async () => {
  await using platform = new ScriptedPlatform();
  await using bridge = await TestPush.start(platform);
  const { status, headers } = await bridge.post(saying("hello"), bearer());
  expect(status).toBe(503);
  expect(headers.get("retry-after")).toBe("5");
});

test("before the platform knows of us nothing is taken, although the address is known from before", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  const setup = { stateDir: folder.path, backend };
  let end = "";
  {
    await using bridge = await TestPush.start(platform, setup);
    end = bridge.url.split("/").at(-1) as string;
  }
  const { promise, resolve } = Promise.withResolvers<Response>();
  platform.on("register", () => promise);
  await using bridge = new TestPush(platform, setup);
  await platform.untilCalled("register", 2);
  const url = `http://127.0.0.1:${bridge.port}/${end}`;
  const { status, headers } = await bridge.post(saying("early"), { url });
  expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
  resolve(Response.json({ status: "registered" }));
  await bridge.until("connected");
  expect((await bridge.post(saying("now"), { url })).status).toBe(200);
  expect(backend.requests.map(({ text }) => text)).toEqual(["now"]);
});

test("what is to last is remembered again every hour, lest it be forgotten one day", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const clock = new ManualClock();
  const remembered: string[] = [];
  const trimmed: string[] = [];
  await using bridge = await TestPush.start(platform, {
    clock,
    options: { heartbeatMs: 360_000_000 },
    store: (store) =>
      changed(store, {
        memory: changed(store.memory, {
          remember: async (key, value) => {
            remembered.push(key);
            await store.memory.remember(key, value);
          },
          trim: async (prefix, limits) => {
            trimmed.push(prefix);
            await store.memory.trim(prefix, limits);
          },
        }),
      }),
  });
  await bridge.post(saying("hello"), bearer());
  await clock.untilSleeping((ms) => ms > 3_000_000 && ms <= 3_600_000);
  remembered.length = 0;
  trimmed.length = 0;
  await clock.advanceUntil(() => remembered.includes("push/secured"), 600_000);
  expect(remembered).toContain("push/path");
  // And of the answers the oldest are forgotten.
  await clock.advanceUntil(() => trimmed.length > 0, 600_000);
  expect(trimmed[0]).toBe("push/answer/");
});

test("a secret that changes is learnt with the heartbeat, and the old one still holds for a while", async () => {
  let secret = "first-secret-of-the-platform";
  await using platform = withSecret(new ScriptedPlatform(), () => secret);
  await using bridge = await TestPush.start(platform, { options: { heartbeatMs: 5 } });
  expect((await bridge.post(saying("a"), bearer(secret))).status).toBe(200);
  const before = secret;
  secret = "second-secret-of-the-platform";
  const beats = platform.calls("heartbeat").length;
  await platform.untilCalled("heartbeat", beats + 3);
  expect((await bridge.post(saying("b"), bearer(secret))).status).toBe(200);
  expect((await bridge.post(saying("c"), bearer(before))).status).toBe(200);
});

test("a platform that refuses the address ends the start in its words", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () =>
    Response.json({ error: "url rejected: not publicly routable" }, { status: 400 }),
  );
  await using bridge = new TestPush(platform);
  expect(String(await bridge.ended)).toContain("url rejected: not publicly routable");
});

test("a port that is taken is told", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  // Not by Bun.serve: within one process it takes a port over from another.
  const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  await using bridge = new TestPush(platform, {
    options: { listen: { hostname: "127.0.0.1", port: taken.port } },
  });
  expect(String(await bridge.ended)).toContain("another program listens there");
  taken.stop(true);
});

test("a workspace that a bridge in poll mode holds is not taken, and the other way round", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  {
    await using polling = new TestBridge(platform.url, { stateDir: folder.path });
    await polling.until("connected");
    await using refused = new TestPush(platform, { stateDir: folder.path });
    expect(String(await refused.ended)).toContain("another bridge holds this workspace");
  }
  await using pushing = await TestPush.start(platform, { stateDir: folder.path });
  await using refused = new TestBridge(platform.url, { stateDir: folder.path });
  expect(String(await refused.ended)).toContain("another bridge holds this workspace");
  expect(await pushing.say("hello")).toBe("echo: hello");
});

test("a token that is revoked ends the run with the reason, since nobody would send anything any more", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { options: { heartbeatMs: 5 } });
  const refuse = () => Response.json({ error: "invalid workspace auth token" }, { status: 401 });
  platform.on("state", refuse);
  platform.on("heartbeat", refuse);
  const end = await bridge.ended;
  expect(end).toMatchObject({ exitCode: 3 });
  expect(String(end)).toContain("the workspace exists, so the token was revoked");
  expect(String(end)).not.toContain(TOKEN);
  // What the heartbeat found out is not asked for again.
  expect(platform.calls("state")).toEqual([]);
});

test("a heartbeat that is refused ends the run with the platform's word, and as the refusal that it is", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { options: { heartbeatMs: 5 } });
  platform.on("heartbeat", () => Response.json({ error: "not yours" }, { status: 403 }));
  const end = await bridge.ended;
  expect(end).toMatchObject({ exitCode: 3 });
  expect(String(end)).toMatch(/heartbeats have ended: .*not yours/);
  expect(bridge.of("heartbeat-ended")).toHaveLength(1);
  expect(platform.calls("state").length).toBe(1);
});

test("where the refused heartbeat has its reason in the token, that is the end of the run", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { options: { heartbeatMs: 5 } });
  platform.on("state", () => Response.json({ error: "invalid token" }, { status: 401 }));
  platform.on("heartbeat", () => Response.json({ error: "no such workspace" }, { status: 404 }));
  const end = await bridge.ended;
  expect(end).toMatchObject({ exitCode: 3 });
  expect(String(end)).toContain("the token was revoked");
});
