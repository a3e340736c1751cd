import { describe, expect, test } from "bun:test";
import { callOf, clientFor, failureOf, httpFor } from "../../harness/client.ts";
import { ManualClock } from "../../harness/clock.ts";
import { labelled } from "../../harness/label.ts";
import { RawServer } from "../../harness/raw-server.ts";
import { ScriptedPlatform, TOKEN, WORKSPACE } from "../../harness/scripted-platform.ts";

describe("the place of a call", () => {
  async function pathOf(prefix: string, path: string[]): Promise<string> {
    await using platform = new ScriptedPlatform();
    await httpFor(`${platform.url}${prefix}`)
      .call(callOf({ path }))
      .catch(() => {});
    return platform.seen[0]?.path ?? "none";
  }

  test.each([
    ["", "/workspaces/a"],
    ["/", "/workspaces/a"],
    ["/api/v1", "/api/v1/workspaces/a"],
    ["/api/v1/", "/api/v1/workspaces/a"],
    ["/a%20b", "/a%20b/workspaces/a"],
  ])("stands behind the address's own path %j", async (prefix, path) => {
    expect(await pathOf(prefix, ["workspaces", "a"])).toBe(path);
  });

  test.each(labelled(["../../admin", "a/b", "/a", "a?b=c#d", "%2e%2e", "a\\b", "ä b", "..."]))(
    "keeps an id of %s in one segment",
    async (_, id) => {
      const path = await pathOf("", ["workspaces", id, "a2a"]);
      expect(path).toBe(`/workspaces/${encodeURIComponent(id)}/a2a`);
    },
  );

  test("keeps half a character in one segment, too", async () => {
    expect(await pathOf("", ["workspaces", "\ud800", "a2a"])).toBe("/workspaces/%EF%BF%BD/a2a");
  });

  test.each([".", ".."])(
    "is nowhere for an id of %j, which climbs however it is escaped",
    async (id) => {
      await using platform = new ScriptedPlatform();
      const call = httpFor(platform.url).call(callOf({ path: ["workspaces", id, "a2a"] }));
      expect((await failureOf(call)).verdict).toBe("permanent");
      expect(platform.seen).toEqual([]);
    },
  );

  test("has the query's values escaped and leaves out what is undefined", async () => {
    await using platform = new ScriptedPlatform();
    const query = { a: "1&b=2", time: "2026-01-01T00:00:00+02:00", none: undefined };
    await httpFor(platform.url).call(callOf({ query }));
    expect([...(platform.seen[0]?.query ?? [])]).toEqual([
      ["a", "1&b=2"],
      ["time", "2026-01-01T00:00:00+02:00"],
    ]);
  });
});

describe("the headers of a call", () => {
  async function headersOf(change: Parameters<typeof httpFor>[1], call = callOf()) {
    await using platform = new ScriptedPlatform();
    await httpFor(platform.url, change).call(call);
    return platform.seen[0]?.headers ?? new Headers();
  }

  test("say who calls, with which program, and that JSON is wanted", async () => {
    const headers = await headersOf({});
    expect(headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
    expect(headers.get("x-workspace-id")).toBe(WORKSPACE);
    expect(headers.get("user-agent")).toBe("molecule/test");
    expect(headers.get("accept")).toBe("application/json");
  });

  test("leave out what is not known", async () => {
    const headers = await headersOf({ token: () => undefined, identity: undefined });
    for (const name of ["authorization", "x-workspace-id", "x-molecule-org-id", "content-type"]) {
      expect(headers.get(name)).toBeNull();
    }
  });

  test("name the organisation where it is given", async () => {
    expect((await headersOf({ orgId: "org-1" })).get("x-molecule-org-id")).toBe("org-1");
  });

  test("hold the token of the moment, not of the start", async () => {
    await using platform = new ScriptedPlatform();
    let token = "first-token";
    const http = httpFor(platform.url, { token: () => token });
    await http.call(callOf());
    token = "second-token";
    await http.call(callOf());
    expect(platform.seen.map((seen) => seen.headers.get("authorization"))).toEqual([
      "Bearer first-token",
      "Bearer second-token",
    ]);
  });

  test("say what a body is, and only where there is one", async () => {
    const posted = await headersOf({}, callOf({ method: "POST", body: { a: 1 } }));
    expect(posted.get("content-type")).toBe("application/json");
  });

  test.each([
    ["https://tenant.example.com", "https://tenant.example.com"],
    ["https://tenant.example.com/api", "https://tenant.example.com"],
    ["https://tenant.example.com:8443", "https://tenant.example.com:8443"],
    ["https://10.0.0.7", "https://10.0.0.7"],
    ["https://127.example.com", "https://127.example.com"],
    ["https://localhost.example.com", "https://localhost.example.com"],
    ["http://tenant.example.com", null],
    ["https://localhost:8443", null],
    ["https://dev.localhost", null],
    ["https://127.0.0.1", null],
    ["https://127.8.9.1", null],
    ["https://[::1]", null],
    ["http://localhost:8080", null],
  ])(
    "hold the Origin that a hosted tenant asks for, and no local server: %s",
    async (url, origin) => {
      const { fetch } = globalThis;
      let sent: Headers | undefined;
      const answering = async (_: unknown, init?: RequestInit) => {
        sent = new Headers(init?.headers);
        return Response.json({});
      };
      globalThis.fetch = Object.assign(answering, { preconnect: fetch.preconnect });
      try {
        await httpFor(url).call(callOf());
      } finally {
        globalThis.fetch = fetch;
      }
      expect(sent?.get("origin") ?? null).toBe(origin);
    },
  );
});

describe("the server's clock", () => {
  const HOUR_MS = 3_600_000;
  const ahead = (clock: ManualClock) => new Date(clock.now() + HOUR_MS).toUTCString();

  test("is ours before the first answer, and then as its Date says", async () => {
    const clock = new ManualClock();
    await using platform = new ScriptedPlatform();
    platform.on("state", () => Response.json({}, { headers: { date: ahead(clock) } }));
    const client = clientFor(platform.url, { clock });
    expect(client.serverNow()).toBe(clock.now());
    await client.state();
    // Within the second that its Date tells.
    expect(client.serverNow()).toBe(clock.now() + HOUR_MS + 500);
    await clock.advance(5_000);
    // Within the second that its Date tells.
    expect(client.serverNow()).toBe(clock.now() + HOUR_MS + 500);
  });

  test("is learnt from refusals, too", async () => {
    const clock = new ManualClock();
    await using platform = new ScriptedPlatform();
    const headers = () => ({ date: ahead(clock) });
    platform.on("state", () => Response.json({}, { status: 401, headers: headers() }));
    const client = clientFor(platform.url, { clock });
    await failureOf(client.state());
    // Within the second that its Date tells.
    expect(client.serverNow()).toBe(clock.now() + HOUR_MS + 500);
  });

  test.each([
    "",
    "Date: soon\r\n",
    "Date: Thu, 01 Jan 1960 00:00:00 GMT\r\n",
    "Date: Fri, 01 Jan 12026 00:00:00 GMT\r\n",
  ])("stays as it is where an answer has %j", async (date) => {
    const clock = new ManualClock();
    const length = "content-length: 2\r\n";
    using server = new RawServer((s) => s.end(`HTTP/1.1 200 OK\r\n${date}${length}\r\n{}`));
    const client = clientFor(server.url, { clock });
    await client.state();
    expect(client.serverNow()).toBe(clock.now());
  });

  test("is the one by which a Retry-After date is counted", async () => {
    const clock = new ManualClock();
    await using platform = new ScriptedPlatform();
    const later = new Date(clock.now() + HOUR_MS + 30_000).toUTCString();
    const headers = { date: ahead(clock), "retry-after": later };
    platform.on("state", () => Response.json({}, { status: 503, headers }));
    const error = await failureOf(clientFor(platform.url, { clock }).state());
    expect(error.failure.retryAfterMs).toBe(29_500);
  });
});
