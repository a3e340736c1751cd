import { describe, expect, test } from "bun:test";
import { buildReply } from "../../../src/a2a/reply.ts";
import type { PlatformClient } from "../../../src/platform/client.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { head, RawServer } from "../../harness/raw-server.ts";
import {
  PEER,
  row,
  ScriptedPlatform,
  TOKEN,
  WORKSPACE,
  type RouteName,
} from "../../harness/scripted-platform.ts";

const CARD = {
  name: "a",
  description: "an agent",
  version: "1",
  capabilities: { streaming: false, pushNotifications: false },
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [],
};
const REPORT = {
  error_rate: 0,
  sample_error: "",
  active_tasks: 1,
  uptime_seconds: 5,
  current_task: "",
  monthly_spend: 0,
  runtime_state: "" as const,
};
const REPLY = buildReply(
  { activityId: "act-1", messageId: "m", contextId: undefined, taskId: undefined },
  "hello",
  "answer",
);
const SECRET = "inbound-secret-0123456789";

type Call = [
  route: RouteName,
  method: string,
  path: string,
  call: (c: PlatformClient) => Promise<unknown>,
];

const CALLS: Call[] = [
  ["register", "POST", "/registry/register", (c) => c.register(CARD)],
  ["heartbeat", "POST", "/registry/heartbeat", (c) => c.heartbeat(REPORT)],
  ["activity", "GET", `/workspaces/${WORKSPACE}/activity`, (c) => c.activity({ limit: 5 })],
  ["a2a", "POST", `/workspaces/${PEER}/a2a`, (c) => c.send(PEER, REPLY)],
  ["notify", "POST", `/workspaces/${WORKSPACE}/notify`, (c) => c.notify("hello")],
  ["workspace", "GET", `/workspaces/${WORKSPACE}`, (c) => c.workspace()],
  ["state", "GET", `/workspaces/${WORKSPACE}/state`, (c) => c.state()],
];

describe("every call", () => {
  test.each(CALLS)("%s is a %s to %s that says who we are", async (_, method, path, call) => {
    await using platform = new ScriptedPlatform();
    await call(clientFor(platform.url, { orgId: "org-1" }));
    expect(platform.seen).toHaveLength(1);
    const [seen] = platform.seen;
    expect(seen).toMatchObject({ method, path });
    expect(seen?.headers.toJSON()).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      "x-workspace-id": WORKSPACE,
      "x-molecule-org-id": "org-1",
      "user-agent": "molecule/test",
      accept: "application/json",
    });
    expect(seen?.headers.has("origin")).toBe(false);
    expect(seen?.headers.get("content-type")).toBe(method === "POST" ? "application/json" : null);
  });

  test.each(CALLS)("%s fails with its name, and is not repeated", async (route, _, __, call) => {
    await using platform = new ScriptedPlatform();
    platform.on(route, () => Response.json({ error: "down" }, { status: 503 }));
    const error = await failureOf(call(clientFor(platform.url)));
    const name = route === "a2a" ? "send" : route;
    expect(error.message).toBe(`${name}: 503 (down)`);
    expect(platform.seen).toHaveLength(1);
  });

  test.each(CALLS)("%s ends with the caller's signal", async (_, __, ___, call) => {
    using server = new RawServer(() => {});
    const stop = new AbortController();
    const client = clientFor(server.url);
    const bound = new Proxy(client, {
      get:
        (target, key: "state") =>
        (...args: unknown[]) =>
          (target[key] as (...all: unknown[]) => unknown).call(target, ...args, {
            signal: stop.signal,
          }),
    });
    const ending = failureOf(call(bound));
    await server.untilAsked();
    stop.abort();
    expect((await ending).verdict).toBe("transient");
    await server.untilClosed();
  });

  test("keeps its connection, but for a heartbeat, which waits for nothing", async () => {
    await using platform = new ScriptedPlatform();
    const client = clientFor(platform.url);
    for (const [, , , call] of CALLS) await call(client);
    const closing = platform.seen.filter((s) => s.headers.get("connection") === "close");
    expect(closing.map((seen) => seen.route)).toEqual(["heartbeat"]);
    await client.state({ fresh: true });
    expect(platform.seen.at(-1)?.headers.get("connection")).toBe("close");
  });
});

describe("register", () => {
  test("says that we poll, under the name that the platform wants for the id", async () => {
    await using platform = new ScriptedPlatform();
    expect(await clientFor(platform.url).register(CARD)).toEqual({ authToken: undefined });
    expect(platform.seen[0]?.body).toEqual({
      id: WORKSPACE,
      agent_card: CARD,
      delivery_mode: "poll",
    });
  });

  test("gives back a token that the platform hands out, and both secrets are masked from then on", async () => {
    await using platform = new ScriptedPlatform();
    const answer = {
      status: "registered",
      auth_token: "new-token-1",
      platform_inbound_secret: SECRET,
    };
    platform.on("register", () => Response.json(answer));
    const secrets = new Secrets();
    const { authToken } = await clientFor(platform.url, { secrets }).register(CARD);
    expect(authToken).toBe("new-token-1");
    expect(secrets.mask(`new-token-1 ${SECRET}`)).toBe("[secret] [secret]");
  });

  test.each([null, 7, "", ["a"]])("takes %j for no token", async (auth_token) => {
    await using platform = new ScriptedPlatform();
    platform.on("register", () => Response.json({ auth_token, platform_inbound_secret: 7 }));
    expect(await clientFor(platform.url).register(CARD)).toEqual({ authToken: undefined });
  });
});

describe("heartbeat", () => {
  test("sends the whole report, under the other name for the id", async () => {
    await using platform = new ScriptedPlatform();
    await clientFor(platform.url).heartbeat(REPORT);
    expect(platform.seen[0]?.body).toEqual({ workspace_id: WORKSPACE, ...REPORT });
  });

  test("learns the inbound secret, so that it is masked from then on", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("heartbeat", () =>
      Response.json({ status: "ok", platform_inbound_secret: SECRET }),
    );
    const secrets = new Secrets();
    await clientFor(platform.url, { secrets }).heartbeat(REPORT);
    expect(secrets.mask(`a ${SECRET}`)).toBe("a [secret]");
  });
});

describe("activity", () => {
  test.each<[Parameters<PlatformClient["activity"]>[0], string[][]]>([
    [{ limit: 5 }, []],
    [{ limit: 5, sinceId: row(1).id }, [["since_id", row(1).id]]],
    [{ limit: 5, sinceSecs: 30 }, [["since_secs", "30"]]],
    [
      { limit: 5, beforeTs: "2026-01-01T00:00:00+01:00" },
      [["before_ts", "2026-01-01T00:00:00+01:00"]],
    ],
  ])("%j asks for inbound rows", async (query, more) => {
    await using platform = new ScriptedPlatform();
    await clientFor(platform.url).activity(query);
    const asked = [...(platform.seen[0]?.query ?? [])];
    expect(asked).toEqual([["type", "a2a_receive"], ["limit", "5"], ...more] as [string, string][]);
  });

  test("gives the rows as they came, whatever they are", async () => {
    await using platform = new ScriptedPlatform();
    const rows = [row(1), null, 7, "a", { __proto: 1 }];
    platform.on("activity", () => Response.json(rows));
    expect(await clientFor(platform.url).activity({ limit: 5 })).toEqual(rows);
  });

  test("fails, to be tried again, on what is no list", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("activity", () => Response.json({ rows: [] }));
    const error = await failureOf(clientFor(platform.url).activity({ limit: 5 }));
    expect(error).toMatchObject({
      message: "activity: 200, but not a list of rows",
      verdict: "transient",
    });
  });
});

describe("send", () => {
  const HTML = { "content-type": "text/html" };
  const rpc = (part: object) => ({ jsonrpc: "2.0", id: "1", ...part });

  test.each<[string, Response, { queued: boolean; note: string | undefined }]>([
    [
      "queued",
      Response.json({ status: "queued", delivery_mode: "poll" }),
      { queued: true, note: undefined },
    ],
    [
      "202",
      Response.json({ queued: true, queue_id: "q" }, { status: 202 }),
      { queued: true, note: undefined },
    ],
    ["a result", Response.json(rpc({ result: { parts: [] } })), { queued: false, note: undefined }],
    [
      "an error",
      Response.json(rpc({ error: { code: -1, message: "no\nway" } })),
      { queued: false, note: "no way" },
    ],
    [
      "an error's text",
      Response.json({ error: "agent was silent" }),
      { queued: false, note: "agent was silent" },
    ],
    ["a list", Response.json([1]), { queued: false, note: undefined }],
    ["nothing", new Response(null, { status: 204 }), { queued: false, note: undefined }],
    ["an empty body", new Response(""), { queued: false, note: undefined }],
    ["a page", new Response("<html>", { headers: HTML }), { queued: false, note: undefined }],
    ["broken JSON", new Response('{"resu'), { queued: false, note: undefined }],
    ["too much", new Response(" ".repeat(11 * 1024 * 1024)), { queued: false, note: undefined }],
  ])("is done with any 2xx: %s", async (_, response, end) => {
    await using platform = new ScriptedPlatform();
    platform.on("a2a", () => response.clone());
    expect(await clientFor(platform.url).send(PEER, REPLY)).toMatchObject(end);
    expect(platform.seen[0]?.body).toEqual(JSON.parse(JSON.stringify(REPLY)));
  });

  test("is done with a 2xx whose body is cut off: it has arrived, and must not be sent again", async () => {
    const headers = { "content-type": "application/json", "content-length": "100" };
    using server = new RawServer((socket) => socket.end(`${head("200 OK", headers)}{"resu`));
    const sent = await clientFor(server.url).send(PEER, REPLY);
    expect(sent).toEqual({ queued: false, body: undefined, note: undefined });
  });

  test("keeps a complaint short, however long it is", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("a2a", () => Response.json({ error: "long ".repeat(10_000) }));
    const { note } = await clientFor(platform.url).send(PEER, REPLY);
    expect(note?.length).toBe(200);
  });

  test("never leaves its place, whatever the peer's id is", async () => {
    await using platform = new ScriptedPlatform();
    await clientFor(platform.url)
      .send("../../registry/register?", REPLY)
      .catch(() => {});
    await failureOf(clientFor(platform.url).send("..", REPLY));
    expect(platform.seen.map((seen) => seen.path)).toEqual([
      "/workspaces/..%2F..%2Fregistry%2Fregister%3F/a2a",
    ]);
  });
});

describe("workspace and state", () => {
  test("tell what the bridge asks of them, and nothing that is of another type", async () => {
    await using platform = new ScriptedPlatform();
    const client = clientFor(platform.url);
    expect(await client.workspace()).toEqual({ name: "agent" });
    expect(await client.state()).toEqual({ status: "online", paused: false });
    platform.on("state", () => Response.json({ status: 7, paused: "yes" }));
    platform.on("workspace", () => Response.json({ name: null }));
    expect(await client.workspace()).toEqual({ name: undefined });
    expect(await client.state()).toEqual({ status: undefined, paused: false });
    platform.on("state", () => Response.json({ status: "paused", paused: true }));
    expect(await client.state()).toEqual({ status: "paused", paused: true });
  });
});
