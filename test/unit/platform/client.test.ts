import { afterEach, describe, expect, jest, test } from "bun:test";
import { buildReply } from "../../../src/a2a/reply.ts";
import type { PlatformClient } from "../../../src/platform/client.ts";
import type { CallOptions } from "../../../src/platform/platform.ts";
import { formatDuration } from "../../../src/shared/duration.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { RawServer } from "../../harness/raw-server.ts";
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
const FILE_ID = "33333333-3333-4333-8333-333333333333";
const FILE = { name: "a.txt", mimeType: "text/plain", data: new Blob(["hello"]) };
const SECRET = "inbound-secret-0123456789";

type Call = [
  route: RouteName,
  method: string,
  path: string,
  call: (client: PlatformClient, options?: CallOptions) => Promise<unknown>,
];

/** How each call is named to people. */
const WORDS: Record<string, string> = {
  register: "registering",
  heartbeat: "heartbeat",
  activity: "fetching messages",
  a2a: "sending",
  notify: "telling the canvas",
  workspace: "looking up the workspace",
  state: "looking up the workspace",
  peer: "looking up a peer",
  download: "fetching a file",
  acknowledge: "acknowledging a file",
  upload: "uploading a file",
};

/** In milliseconds, where it is not ten seconds. */
const DEADLINES: Record<string, number> = {
  a2a: 31 * 60_000,
  activity: 30_000,
  download: 30_000,
  upload: 30_001,
};

const CALLS: Call[] = [
  ["register", "POST", "/registry/register", (c, o) => c.register(CARD, o)],
  ["heartbeat", "POST", "/registry/heartbeat", (c, o) => c.heartbeat(REPORT, o)],
  ["activity", "GET", `/workspaces/${WORKSPACE}/activity`, (c, o) => c.activity({ limit: 5 }, o)],
  ["a2a", "POST", `/workspaces/${PEER}/a2a`, (c, o) => c.send(PEER, REPLY, o)],
  ["notify", "POST", `/workspaces/${WORKSPACE}/notify`, (c, o) => c.notify("hello", o)],
  ["workspace", "GET", `/workspaces/${WORKSPACE}`, (c, o) => c.workspace(o)],
  ["state", "GET", `/workspaces/${WORKSPACE}/state`, (c, o) => c.state(o)],
  ["peer", "GET", `/workspaces/${PEER}`, (c, o) => c.peerName(PEER, o)],
  [
    "download",
    "GET",
    `/workspaces/${WORKSPACE}/pending-uploads/${FILE_ID}/content`,
    (c, o) => c.download(FILE_ID, () => {}, { ...o, maxBytes: 100 }),
  ],
  [
    "acknowledge",
    "POST",
    `/workspaces/${WORKSPACE}/pending-uploads/${FILE_ID}/ack`,
    (c, o) => c.acknowledge(FILE_ID, o),
  ],
  ["upload", "POST", `/workspaces/${WORKSPACE}/chat/uploads`, (c, o) => c.upload(FILE, o)],
];

/** Of the request's body, as far as it is always the same. */
const TYPES: Record<string, string | undefined> = {
  register: "application/json",
  heartbeat: "application/json",
  a2a: "application/json",
  notify: "application/json",
  upload: "multipart/form-data",
};

afterEach(() => {
  jest.useRealTimers();
});

describe("every call", () => {
  test.each(CALLS)("%s is a %s to %s that says who we are", async (route, method, path, call) => {
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
      accept: route === "download" ? "*/*" : "application/json",
    });
    expect(seen?.headers.has("origin")).toBe(false);
    expect(seen?.headers.get("content-type")?.split(";")[0]).toBe(TYPES[route]);
  });

  test.each(CALLS)("%s fails with its name, and is not repeated", async (route, _, __, call) => {
    await using platform = new ScriptedPlatform();
    platform.on(route, () => Response.json({ error: "down" }, { status: 503 }));
    const error = await failureOf(call(clientFor(platform.url)));
    expect(error.message).toBe(`${WORDS[route]}: 503 (down)`);
    expect(platform.seen).toHaveLength(1);
  });

  test.each(CALLS)("%s ends with the caller's signal", async (_, __, ___, call) => {
    using server = new RawServer(() => {});
    const stop = new AbortController();
    const ending = failureOf(call(clientFor(server.url), { signal: stop.signal }));
    await server.untilAsked();
    stop.abort();
    expect((await ending).verdict).toBe("transient");
    await server.untilClosed();
  });

  test.each(CALLS)("%s ends at a deadline of its own", async (route, _, __, call) => {
    using server = new RawServer(() => {});
    jest.useFakeTimers();
    const ending = failureOf(call(clientFor(server.url)));
    await server.untilAsked();
    const deadlineMs = DEADLINES[route] ?? 10_000;
    jest.advanceTimersByTime(deadlineMs);
    const { message } = await ending;
    expect(message).toContain(`no answer within ${formatDuration(deadlineMs)}`);
  });

  test("shares one connection with the others, but for a heartbeat, which waits for nothing", async () => {
    const connections: (number | undefined)[] = [];
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, self) => {
        connections.push(self.requestIP(request)?.port);
        return Response.json(request.url.endsWith("activity") ? [] : {});
      },
    });
    const client = clientFor(server.url.href);
    await client.state();
    await client.notify("hello");
    await client.heartbeat(REPORT);
    await client.heartbeat(REPORT);
    await client.workspace();
    await client.state({ fresh: true });
    const [shared, again, beat, nextBeat, other, fresh] = connections;
    expect([again, other]).toEqual([shared, shared]);
    expect(new Set([shared, beat, nextBeat, fresh]).size).toBe(4);
  });
});

describe("register", () => {
  test("says that we poll, under the name that the platform wants for the id", async () => {
    await using platform = new ScriptedPlatform();
    expect(await clientFor(platform.url).register(CARD)).toEqual({
      authToken: undefined,
      inboundSecret: undefined,
    });
    expect(platform.seen[0]?.body).toEqual({
      id: WORKSPACE,
      agent_card: CARD,
      delivery_mode: "poll",
    });
  });

  test("says where messages are to be pushed, if they are", async () => {
    await using platform = new ScriptedPlatform();
    const url = "https://agent.example.com/a2a";
    await clientFor(platform.url).register(CARD, { push: { url } });
    await clientFor(platform.url).register(CARD, { push: undefined });
    expect(platform.seen.map(({ body }) => [body.delivery_mode, body.url])).toEqual([
      ["push", url],
      ["poll", undefined],
    ]);
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
    expect(await clientFor(platform.url, { secrets }).register(CARD)).toEqual({
      authToken: "new-token-1",
      inboundSecret: SECRET,
    });
    expect(secrets.mask(`new-token-1 ${SECRET}`)).toBe("[secret] [secret]");
  });

  test.each([null, 7, "", { a: "b" }])("takes %j for no token", async (auth_token) => {
    await using platform = new ScriptedPlatform();
    platform.on("register", () => Response.json({ auth_token, platform_inbound_secret: 7 }));
    expect(await clientFor(platform.url).register(CARD)).toEqual({
      authToken: undefined,
      inboundSecret: undefined,
    });
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
    const { inboundSecret } = await clientFor(platform.url, { secrets }).heartbeat(REPORT);
    expect(inboundSecret).toBe(SECRET);
    expect(secrets.mask(`a ${SECRET}`)).toBe("a [secret]");
  });

  test("gives no secret where there is none that could be one", async () => {
    await using platform = new ScriptedPlatform();
    for (const platform_inbound_secret of [undefined, "", 7, null]) {
      platform.on("heartbeat", () => Response.json({ status: "ok", platform_inbound_secret }));
      expect(await clientFor(platform.url).heartbeat(REPORT)).toEqual({ inboundSecret: undefined });
    }
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
      message: "fetching messages: 200, but not a list of rows",
      verdict: "transient",
    });
  });
});

describe("notify", () => {
  test("has files go with the text, where there are any", async () => {
    await using platform = new ScriptedPlatform();
    const client = clientFor(platform.url);
    const attachments = [{ uri: "platform-pending:w/f", name: "a.txt", size: 5 }];
    await client.notify("one");
    await client.notify("two", { attachments: [] });
    await client.notify("three", { attachments });
    expect(platform.seen.map(({ body }) => body)).toEqual([
      { message: "one" },
      { message: "two" },
      { message: "three", attachments },
    ]);
  });
});

describe("workspace and state", () => {
  test("tell what the bridge asks of them, and nothing that is of another type", async () => {
    await using platform = new ScriptedPlatform();
    const client = clientFor(platform.url);
    expect(await client.workspace()).toEqual({ name: "agent", url: undefined });
    expect(await client.state()).toEqual({ status: "online", paused: false });
    platform.on("state", () => Response.json({ status: 7, paused: "yes" }));
    platform.on("workspace", () => Response.json({ name: null, url: 7 }));
    expect(await client.workspace()).toEqual({ name: undefined, url: undefined });
    platform.on("workspace", () => Response.json({ url: "" }));
    expect((await client.workspace()).url).toBe("");
    expect(await client.state()).toEqual({ status: undefined, paused: false });
    platform.on("state", () => Response.json({ status: "paused", paused: true }));
    expect(await client.state()).toEqual({ status: "paused", paused: true });
  });
});
