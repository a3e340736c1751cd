import { describe, expect, test } from "bun:test";
import { callOf, failureOf, httpFor } from "../../harness/client.ts";
import { ScriptedPlatform, TOKEN, WORKSPACE } from "../../harness/scripted-platform.ts";

const PATH = `/workspaces/${WORKSPACE}`;
const to = (location: string, status = 302) =>
  new Response(null, { status, headers: { location } });

describe("a redirect at the same origin", () => {
  test.each([301, 302, 303, 307, 308])(
    "by %i is followed by a GET, headers and all",
    async (status) => {
      await using platform = new ScriptedPlatform();
      platform.on("workspace", () => to(`${PATH}/state?a=1`, status));
      const { body } = await httpFor(platform.url).call(callOf());
      expect(body).toMatchObject({ status: "online" });
      const [, second] = platform.seen;
      expect(second).toMatchObject({ method: "GET", path: `${PATH}/state` });
      expect(second?.query.get("a")).toBe("1");
      expect(second?.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
      expect(second?.headers.get("x-workspace-id")).toBe(WORKSPACE);
    },
  );

  test.each([307, 308])("by %i is followed by a POST with its body", async (status) => {
    await using platform = new ScriptedPlatform();
    platform.on("a2a", () => to(`${platform.url}${PATH}/notify`, status));
    const call = callOf({ method: "POST", path: ["workspaces", WORKSPACE, "a2a"], body: { a: 1 } });
    await httpFor(platform.url).call(call);
    expect(platform.seen[1]).toMatchObject({
      method: "POST",
      path: `${PATH}/notify`,
      body: { a: 1 },
    });
  });

  test.each([301, 302, 303])(
    "by %i is not followed by a POST, which would become a GET",
    async (status) => {
      await using platform = new ScriptedPlatform();
      platform.on("a2a", () => to(PATH, status));
      const call = callOf({
        method: "POST",
        path: ["workspaces", WORKSPACE, "a2a"],
        body: { a: 1 },
      });
      const error = await failureOf(httpFor(platform.url).call(call));
      expect(error).toMatchObject({ verdict: "misaddressed", failure: { status } });
      expect(platform.seen).toHaveLength(1);
    },
  );

  test("is followed three times, and a circle ends there", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("workspace", (_, nth) => (nth <= 3 ? to(PATH) : undefined));
    const http = httpFor(platform.url);
    expect((await http.call(callOf())).body).toMatchObject({ id: WORKSPACE });
    platform.seen.length = 0;
    platform.on("workspace", () => to(PATH));
    expect((await failureOf(http.call(callOf()))).verdict).toBe("misaddressed");
    expect(platform.seen).toHaveLength(4);
  });
});

describe("a redirect elsewhere", () => {
  test.each([301, 302, 303, 307, 308])(
    "by %i is refused, and the token never gets there",
    async (status) => {
      await using platform = new ScriptedPlatform();
      await using stranger = new ScriptedPlatform();
      platform.on("workspace", () => to(`${stranger.url}${PATH}`, status));
      const error = await failureOf(httpFor(platform.url).call(callOf()));
      expect(error).toMatchObject({ verdict: "misaddressed", exitCode: 2, failure: { status } });
      expect(error.message).toContain(`redirects to ${stranger.url}, which is not followed`);
      expect(error.hint).toContain("--api-url");
      expect(stranger.seen).toEqual([]);
    },
  );

  test("is refused after a redirect at home, too", async () => {
    await using platform = new ScriptedPlatform();
    await using stranger = new ScriptedPlatform();
    platform.on("workspace", () => to(`${PATH}/state`));
    platform.on("state", () => to(`${stranger.url}${PATH}`));
    const error = await failureOf(httpFor(platform.url).call(callOf()));
    expect(error.verdict).toBe("misaddressed");
    expect(stranger.seen).toEqual([]);
  });

  test.each([
    ["another port", "http://127.0.0.1:1/"],
    ["another scheme", "https://127.0.0.1/"],
    ["another host without a scheme", "//stranger.invalid/"],
    ["another host behind our name", "http://127.0.0.1@stranger.invalid/"],
    ["a file", "file:///etc/hostname"],
    ["data", "data:application/json,{}"],
    ["a bucket", "s3://bucket/key"],
    ["nowhere", "http://"],
  ])("to %s is refused", async (_, location) => {
    await using platform = new ScriptedPlatform();
    platform.on("workspace", () => to(location));
    const error = await failureOf(httpFor(platform.url).call(callOf()));
    expect(error.verdict).toBe("misaddressed");
    expect(error.message).toContain("which is not followed");
    expect(platform.seen).toHaveLength(1);
  });
});

test("a redirect that names no place is an answer like any other", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("workspace", () => Response.json({ error: "choose" }, { status: 300 }));
  const error = await failureOf(httpFor(platform.url).call(callOf()));
  expect(error).toMatchObject({ message: "test: 300 (choose)", verdict: "transient" });
});

test("a good answer that names a place is no redirect", async () => {
  await using platform = new ScriptedPlatform();
  const headers = { location: "http://stranger.invalid/" };
  platform.on("workspace", () => Response.json({ id: "a" }, { status: 201, headers }));
  expect(await httpFor(platform.url).call(callOf())).toEqual({ status: 201, body: { id: "a" } });
});
