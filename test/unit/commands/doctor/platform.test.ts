/** The platform's faults, each named by its check and by nothing before it. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDevPlatform } from "../../../../src/dev/server.ts";
import { freePort } from "../../../harness/port.ts";
import { RawServer } from "../../../harness/raw-server.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { NO_SUCH_HOST } from "../../../harness/unresolvable.ts";
import { examined, frames, json, OTHER, platform, ROW, TOKEN, WORKSPACE } from "./lab.ts";

const at = (path: string) => `/workspaces/${WORKSPACE}${path}`;

test("a platform in good health has nothing failed, and is changed in nothing", async () => {
  using ward = platform();
  const { code, worst, checks, stderr } = await examined(ward.url);
  expect(checks.filter(({ status }) => !["ok", "skipped"].includes(status))).toEqual([]);
  expect({ code, worst, stderr }).toEqual({ code: 0, worst: "ok", stderr: "" });
  expect(ward.seen.filter((call) => !call.startsWith("GET "))).toEqual([]);
});

test("each check tells its name, status, detail and hint, in the order of a connection", async () => {
  using ward = platform();
  const { checks } = await examined(ward.url);
  const names = checks.map(({ name }) => name);
  expect(names.slice(names.indexOf("address"))).toEqual([
    "address",
    "dns",
    "proxy",
    "certificate",
    "reachable",
    "store",
    "tenant",
    "clock",
    "rate-limit",
    "token",
    "api-token",
    "workspace",
    "cursor",
    "events",
    "state",
    "journal",
    "bridge",
    "backend",
    "binary",
  ]);
  for (const check of checks)
    expect(Object.keys(check)).toEqual(["name", "status", "detail", "hint"]);
});

describe("not reachable", () => {
  test("as nothing listens: exit 4, and all that needs it is skipped with the reason", async () => {
    const found = await examined(`http://127.0.0.1:${freePort()}`);
    expect(found.code).toBe(4);
    expect(found.of("reachable")).toMatchObject({ status: "failed" });
    expect(found.of("reachable").detail).toContain("nothing listens");
    for (const name of ["tenant", "clock", "rate-limit", "workspace", "cursor", "events"]) {
      expect(found.of(name)).toMatchObject({
        status: "skipped",
        detail: "the platform can't be reached",
      });
    }
    // What lies on this machine is looked at all the same.
    expect(found.of("token")).toMatchObject({ status: "ok" });
    expect(found.of("token").detail).toContain("not tried: the platform can't be reached");
    expect(found.of("state").status).toBe("ok");
    expect(found.of("backend").status).toBe("ok");
  });

  test("as the name does not resolve: exit 4", async () => {
    const found = await examined(`https://${NO_SUCH_HOST}`);
    expect(found.code).toBe(4);
    expect(found.of("dns").status).toBe("failed");
    expect(found.of("reachable").detail).toBe("the host name does not resolve");
  }, 30_000);

  test("as a server takes the connection and stays silent: exit 4 within the deadline", async () => {
    using server = new RawServer(() => {});
    const found = await examined(server.url);
    expect(found.code).toBe(4);
    expect(found.of("reachable").detail).toBe("no end within 5 s");
  }, 30_000);
});

test("http to another host than this machine is a warning: the token goes in clear", async () => {
  const found = await examined("http://10.255.255.1", { flags: { offline: true } });
  expect(found.of("address")).toMatchObject({ status: "warning" });
  expect(found.of("address").detail).toContain("in clear");
  expect(found.code).toBe(0);
});

test.each([
  [
    "a page in place of the API",
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  ],
  ["other JSON", () => json({ hello: "world" })],
])("%s at /health is the wrong address: exit 2", async (_, answer) => {
  using ward = platform((url) => (url.pathname === "/health" ? answer() : undefined));
  const found = await examined(ward.url);
  expect(found.code).toBe(2);
  expect(found.of("reachable").hint).toContain("--api-url");
});

describe.each(["r1", "r2"] as const)("a hosted tenant of revision %s", (revision) => {
  test("without its org id: exit 2, and the hint says what to give", async () => {
    const dev = await startDevPlatform({
      port: 0,
      db: ":memory:",
      rateLimit: 0,
      revision,
      tenantOrg: "org-1",
    });
    try {
      const found = await examined(dev.url);
      expect(found.code).toBe(2);
      expect(found.of("reachable").status).toBe("ok");
      expect(found.of("tenant").status).toBe("failed");
      expect(found.of("tenant").hint).toContain("--org-id");
      const right = await examined(dev.url, { flags: { "org-id": "org-1" } });
      expect(right.of("tenant").status).toBe("ok");
    } finally {
      await dev.stop();
    }
  });
});

describe("the clock", () => {
  const skewed = (ms: number) =>
    platform((url) =>
      url.pathname === "/health"
        ? Response.json(
            { status: "ok" },
            { headers: { date: new Date(Date.now() + ms).toUTCString() } },
          )
        : undefined,
    );

  test.each([
    [0, "ok", 0],
    [90_000, "warning", 0],
    [-90_000, "warning", 0],
    [600_000, "failed", 1],
  ] as const)("off by %d ms is %s", async (ms, status, code) => {
    using ward = skewed(ms);
    const found = await examined(ward.url);
    expect(found.of("clock").status).toBe(status);
    expect(found.code).toBe(code);
    if (status !== "ok") expect(found.of("clock").hint).toContain("clock");
  });
});

describe("the rate limit", () => {
  const limited = (remaining: number, status = 200) =>
    platform((url, request) =>
      url.pathname === "/health" && request.headers.has("authorization")
        ? Response.json(status === 200 ? { status: "ok" } : { error: "rate limit exceeded" }, {
            status,
            headers: {
              "x-ratelimit-limit": "600",
              "x-ratelimit-remaining": String(remaining),
              "retry-after": "40",
            },
          })
        : undefined,
    );

  test.each([
    [500, 200, "ok", "500 of 600"],
    [20, 200, "warning", "20 of 600"],
    [0, 429, "warning", "used up, again in 40 s"],
  ] as const)("with %d left and a %d is %s", async (remaining, answered, status, words) => {
    using ward = limited(remaining, answered);
    const found = await examined(ward.url);
    expect(found.of("rate-limit").status).toBe(status);
    expect(found.of("rate-limit").detail).toContain(words);
  });
});

describe("a rate limit that is used up", () => {
  const refusal = () =>
    Response.json(
      { error: "rate limit exceeded" },
      { status: 429, headers: { "retry-after": "8" } },
    );

  test("of the token is a warning of each check that uses it, and none waits for its end", async () => {
    using ward = platform((_, request) =>
      request.headers.has("authorization") ? refusal() : undefined,
    );
    const found = await examined(ward.url);
    expect(found.code).toBe(0);
    const used = "the rate limit is used up, again in 8 s";
    for (const name of ["rate-limit", "token", "workspace"]) {
      expect(found.of(name)).toMatchObject({ status: "warning" });
      expect(found.of(name).detail).toContain(used);
    }
    expect(found.of("cursor")).toMatchObject({
      status: "skipped",
      detail: "the rate limit is used up",
    });
  });

  test("for everything is told once, and the rest is left out", async () => {
    using ward = platform(refusal);
    const found = await examined(ward.url);
    expect(found.code).toBe(0);
    expect(found.of("reachable")).toMatchObject({ status: "warning" });
    expect(found.of("tenant")).toMatchObject({
      status: "skipped",
      detail: "the rate limit is used up",
    });
    expect(ward.seen).toEqual(["GET /health"]);
  });
});

describe("the workspace's token", () => {
  test("that is missing is a warning, and nothing is asked for with it", async () => {
    using ward = platform();
    const found = await examined(ward.url, { env: { MOLECULE_WORKSPACE_TOKEN: "" } });
    expect(found.of("token")).toMatchObject({ status: "warning" });
    expect(found.of("token").hint).toContain("--token-file");
    expect(found.of("cursor").detail).toBe("there is no token of the workspace");
    expect(found.code).toBe(0);
  });

  test("that is refused, while the workspace is there: exit 3", async () => {
    using ward = platform();
    const found = await examined(ward.url, { env: { MOLECULE_WORKSPACE_TOKEN: "revoked-token" } });
    expect(found.code).toBe(3);
    expect(found.of("token").detail).toContain("from MOLECULE_WORKSPACE_TOKEN");
    expect(found.of("token").detail).toContain("revoked");
    expect(found.of("cursor").detail).toBe("the workspace's token is not accepted");
    expect(`${found.stdout}${found.stderr}`).not.toContain("revoked-token");
  });

  test("that is another workspace's is told from a revoked one, where that one is known here", async () => {
    using folder = tmpFolder();
    writeFileSync(join(folder.path, `${OTHER}.json`), "{}");
    using ward = platform((url, request) =>
      url.pathname === `/workspaces/${OTHER}/state` &&
      request.headers.get("authorization") === "Bearer token-of-the-other"
        ? json({ workspace_id: OTHER, status: "online" })
        : undefined,
    );
    const found = await examined(ward.url, {
      stateDir: folder.path,
      env: { MOLECULE_WORKSPACE_TOKEN: "token-of-the-other" },
    });
    expect(found.code).toBe(3);
    expect(found.of("token").detail).toContain(
      `the token of workspace ${OTHER}, not of ${WORKSPACE}`,
    );
  });

  test("of a removed workspace: exit 5", async () => {
    using ward = platform((url) => {
      if (url.pathname === at("")) return json({ error: "workspace removed", id: WORKSPACE }, 410);
      if (url.pathname === at("/state"))
        return json({ error: "invalid workspace auth token" }, 401);
      return undefined;
    });
    const found = await examined(ward.url);
    expect(found.code).toBe(5);
    expect(found.of("token").detail).toContain("the workspace was removed");
    expect(found.of("workspace")).toMatchObject({ status: "failed", detail: "it was removed" });
  });

  test("in a file that can't be read, given twice, or that is no token, is named: never its contents", async () => {
    using folder = tmpFolder();
    const file = join(folder.path, "token");
    const env = { MOLECULE_WORKSPACE_TOKEN: "" };
    using ward = platform();
    const missing = await examined(ward.url, { env, flags: { "token-file": file } });
    expect(missing.of("token").detail).toContain(file);
    expect(missing.code).toBe(1);
    writeFileSync(file, "two words");
    const unfit = await examined(ward.url, { env, flags: { "token-file": file } });
    expect(unfit.code).toBe(2);
    expect(unfit.stdout).not.toContain("two words");
    const twice = await examined(ward.url, { flags: { token: TOKEN, "token-file": file } });
    expect(twice.of("token").detail).toContain("both given");
    expect(twice.code).toBe(2);
  });

  test.skipIf(process.platform === "win32")(
    "in a file that others may read, or on the command line, is a warning",
    async () => {
      using folder = tmpFolder();
      const file = join(folder.path, "token");
      writeFileSync(file, TOKEN, { mode: 0o644 });
      using ward = platform();
      const env = { MOLECULE_WORKSPACE_TOKEN: "" };
      const open = await examined(ward.url, { env, flags: { "token-file": file } });
      expect(open.of("token")).toMatchObject({ status: "warning" });
      expect(open.of("token").detail).toContain("chmod 600");
      const given = await examined(ward.url, { flags: { token: TOKEN } });
      expect(given.of("token").detail).toContain("--token can be read by others");
      expect(given.stderr).toBe("");
    },
  );

  test("without a workspace is not tried, and the kept ones are named", async () => {
    using folder = tmpFolder();
    mkdirSync(folder.path, { recursive: true });
    writeFileSync(join(folder.path, `${OTHER}.token`), "kept-token", { mode: 0o600 });
    using ward = platform();
    const env = { MOLECULE_WORKSPACE_TOKEN: "" };
    const found = await examined(ward.url, { id: "", env, stateDir: folder.path });
    expect(found.of("token")).toMatchObject({ status: "skipped" });
    expect(found.of("token").detail).toContain(`kept for ${OTHER}`);
    for (const name of ["workspace", "cursor", "events", "journal", "bridge"]) {
      expect(found.of(name)).toMatchObject({ status: "skipped", detail: "no workspace is named" });
    }
    expect(found.code).toBe(0);
  });
});

describe("the operator's token", () => {
  test("on the command line is a warning", async () => {
    using ward = platform((url) => (url.pathname === "/workspaces" ? json([ROW]) : undefined));
    const found = await examined(ward.url, { flags: { "api-token": "admin-token-1" } });
    expect(found.of("api-token")).toMatchObject({ status: "warning" });
    expect(found.of("api-token").detail).toContain("--api-token can be read by others");
    expect(found.stderr).toBe("");
  });

  test.each([
    ["accepted", "admin-token-1", "ok", 0],
    ["refused", "admin-token-2", "failed", 3],
  ])("is %s", async (_, token, status, code) => {
    using ward = platform((url, request) =>
      url.pathname === "/workspaces" &&
      request.headers.get("authorization") === "Bearer admin-token-1"
        ? json([ROW])
        : undefined,
    );
    const found = await examined(ward.url, { env: { MOLECULE_API_TOKEN: token } });
    expect(found.of("api-token").status as string).toBe(status);
    expect(found.code).toBe(code);
    expect(found.stdout).not.toContain(token);
  });
});

describe("the workspace", () => {
  const ill = (change: object) =>
    platform((url) => (url.pathname === at("") ? json({ ...ROW, ...change }) : undefined));

  test.each([
    ["paused", { status: "paused" }, "is paused"],
    ["failed", { status: "failed" }, "is failed"],
    ["of the platform's own", { runtime: "langgraph" }, "its runtime is langgraph"],
    ["not allowed to talk to the user", { talk_to_user_enabled: false }, "canvas user"],
    [
      "online although long silent",
      { status: "online", last_heartbeat_at: new Date(Date.now() - 3_600_000).toISOString() },
      "last heartbeat 1 h ago",
    ],
  ])("that is %s is a warning that says so", async (_, change, words) => {
    using ward = ill(change);
    const found = await examined(ward.url);
    expect(found.of("workspace").status).toBe("warning");
    expect(found.of("workspace").detail).toContain(words);
    expect(found.of("workspace").hint).not.toBeNull();
    expect(found.code).toBe(0);
  });

  test("that nobody knows is a failure: exit 1", async () => {
    using ward = platform();
    const found = await examined(ward.url, { id: OTHER });
    expect(found.of("workspace").status).toBe("failed");
    expect(found.code).toBe(1);
  });

  test("that is heard of while no bridge runs with this folder is a warning", async () => {
    using ward = ill({ status: "online", last_heartbeat_at: new Date().toISOString() });
    const found = await examined(ward.url);
    expect(found.of("bridge")).toMatchObject({ status: "warning" });
    expect(found.of("bridge").detail).toContain("the platform hears from one");
  });
});

test("a platform that only fails is not called out of reach: what is left out says what it answered", async () => {
  using ward = platform(() => json({ error: "down" }, 503));
  const found = await examined(ward.url);
  expect(found.of("reachable").status).toBe("failed");
  for (const name of ["tenant", "clock", "workspace", "cursor", "events"]) {
    expect(found.of(name)).toMatchObject({
      status: "skipped",
      detail: "the platform answered with 503",
    });
  }
  expect(found.code).toBe(4);
});

test("a feed that does not know since_id is a failure", async () => {
  using ward = platform((url) => (url.pathname === at("/activity") ? json([]) : undefined));
  const found = await examined(ward.url);
  expect(found.of("cursor")).toMatchObject({ status: "failed" });
  expect(found.code).toBe(1);
});

describe("the event stream", () => {
  const streaming = (answer: () => Response) =>
    platform((url) => (url.pathname === at("/events/stream") ? answer() : undefined));

  test.each<[string, () => Response, string]>([
    ["that is not there", () => json({ error: "not found" }, 404), "has none"],
    [
      "that is a page",
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      "text/html",
    ],
    ["that breaks", () => json({ error: "oops" }, 500), "500"],
    [
      "that ends at once",
      () => new Response("", { headers: { "content-type": "text/event-stream" } }),
      "ended before it said anything",
    ],
  ])("%s is a warning, as messages come all the same", async (_, answer, words) => {
    using ward = streaming(answer);
    const found = await examined(ward.url);
    expect(found.of("events")).toMatchObject({ status: "warning" });
    expect(found.of("events").detail).toContain(words);
    expect(found.of("events").hint).toContain("fetched all the same");
    expect(found.code).toBe(0);
  });

  test("that floods without a line is left soon, and is a warning", async () => {
    let sent = 0;
    const chunk = new Uint8Array(16_384).fill(120);
    const flood = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += chunk.length;
            controller.enqueue(chunk);
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      );
    using ward = streaming(flood);
    const found = await examined(ward.url);
    expect(found.of("events").detail).toContain("no whole line");
    expect(found.of("events").status).toBe("warning");
    // What was on its way when it was left, and not five seconds of it.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test("that refuses the token is a failure: exit 3", async () => {
    using ward = streaming(() => json({ error: "invalid workspace auth token" }, 401));
    const found = await examined(ward.url);
    expect(found.of("events").status).toBe("failed");
    expect(found.code).toBe(3);
  });

  test("that something holds back is a warning about what is between", async () => {
    using ward = streaming(() => frames(""));
    const found = await examined(ward.url);
    expect(found.of("events").status).toBe("warning");
    expect(found.of("events").detail).toContain("holds it back");
  }, 30_000);
});

describe.each(["r1", "r2"] as const)("the embedded platform of revision %s", (revision) => {
  test("is in good health, and the doctor leaves the workspace as it was", async () => {
    const dev = await startDevPlatform({ port: 0, db: ":memory:", rateLimit: 600, revision });
    try {
      const made: any = await (
        await fetch(`${dev.url}/workspaces`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${dev.adminToken}`,
            "content-type": "application/json",
          },
          body: JSON.stringify({ name: "agent", external: true, runtime: "external" }),
        })
      ).json();
      const look = async () => (await fetch(`${dev.url}/workspaces/${made.id}`)).text();
      const before = await look();
      const found = await examined(dev.url, {
        id: made.id,
        env: {
          MOLECULE_WORKSPACE_TOKEN: made.connection.auth_token,
          MOLECULE_API_TOKEN: dev.adminToken,
        },
      });
      expect(found.checks.filter(({ status }) => ["warning", "failed"].includes(status))).toEqual(
        [],
      );
      expect(found.of("rate-limit").detail).toContain("of 600");
      expect(found.of("events").status).toBe("ok");
      expect(found.code).toBe(0);
      expect(await look()).toBe(before);
    } finally {
      await dev.stop();
    }
  });
});
