/** What stands before the platform's own endpoints. */
import { expect, test } from "bun:test";
import { refuse } from "../../../src/dev/answers.ts";
import type { Front, RequestLine } from "../../../src/dev/handle.ts";
import { lab } from "./lab.ts";

const hello: Front = (_, url) =>
  url.pathname === "/hello" ? new Response("hello", { status: 201 }) : undefined;

test("it is asked first, and what is not for it goes to the platform", async () => {
  const seen: unknown[] = [];
  await using at = await lab({
    front: (request, url, dev) => {
      seen.push([request.method, url.pathname, url.search, dev.url]);
      return hello(request, url, dev);
    },
  });
  const { url } = at.platform;
  const answer = await at.post("/hello?a=1");
  expect([answer.status, answer.body]).toEqual([201, "hello"]);
  expect((await at.get("/health")).body).toEqual({ status: "ok" });
  expect((await at.get("/nothing")).status).toBe(404);
  expect(seen).toEqual([
    ["POST", "/hello", "?a=1", url],
    ["GET", "/health", "", url],
    ["GET", "/nothing", "", url],
  ]);
});

test("neither the rate limit nor faults nor the organisation are for it", async () => {
  await using at = await lab({ front: hello, rateLimit: 1, tenantOrg: "org-1" });
  const headers = { "x-molecule-org-id": "org-1" };
  const fault = { kind: 503, rate: 1 };
  const set = await at.post("/dev/faults", { token: at.admin, headers, body: fault });
  expect(set.status).toBe(201);
  expect((await at.get("/health", { headers })).status).not.toBe(200);
  for (let n = 0; n < 5; n++) {
    const answer = await at.get("/hello");
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-ratelimit-limit")).toBeNull();
  }
});

test("a refusal of its own is its answer, and each answer is told without its query", async () => {
  const lines: RequestLine[] = [];
  const front: Front = async (_, url) => {
    await Promise.resolve();
    return url.pathname === "/late"
      ? refuse(418, "no", { hint: "tea" }, { "x-a": "b" })
      : new Response();
  };
  await using at = await lab({ front, onRequest: (line) => lines.push(line) });
  const answer = await at.get("/late?token=secret");
  expect([answer.status, answer.body]).toEqual([418, { error: "no", hint: "tea" }]);
  expect(answer.headers.get("x-a")).toBe("b");
  expect(lines).toEqual([{ method: "GET", path: "/late", status: 418, ms: expect.any(Number) }]);
});

test.each<[string, Front]>([
  [
    "at once",
    () => {
      throw new TypeError("broken");
    },
  ],
  ["later", () => Promise.reject(new TypeError("broken"))],
])("what it throws %s is a bare 500 to the caller and told to the operator", async (_, front) => {
  const errors: unknown[] = [];
  await using at = await lab({ front, onError: (error) => errors.push(error) });
  const answer = await at.get("/");
  expect([answer.status, answer.body]).toEqual([500, { error: "internal error" }]);
  expect(errors).toEqual([expect.any(TypeError)]);
});
