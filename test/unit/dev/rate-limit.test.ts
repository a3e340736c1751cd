import { expect, test } from "bun:test";
import { RateLimiter, WINDOW_MS } from "../../../src/dev/rate-limit.ts";
import { lab, ManualClock, type Ask, type Lab } from "./lab.ts";

/** Status, then limit, remaining and reset as the headers say them. */
async function take(at: Lab, ask: Ask = {}, path = "/health") {
  const { status, headers } = await at.get(path, ask);
  const named = ["limit", "remaining", "reset"].map((n) => headers.get(`x-ratelimit-${n}`));
  return [status, ...named];
}

test("over the limit is a 429 until the window ends, and every answer tells what is left (1.8)", async () => {
  await using at = await lab({ rateLimit: 2 });
  expect(await take(at)).toEqual([200, "2", "1", "60"]);
  at.clock.advance(WINDOW_MS - 500);
  expect(await take(at)).toEqual([200, "2", "0", "0"]);
  const refused = await at.get("/health");
  expect([refused.status, refused.body]).toEqual([
    429,
    { error: "rate limit exceeded", retry_after: 0 },
  ]);
  // T22: at the end of a window it may say 0.
  expect(refused.headers.get("retry-after")).toBe("0");
  expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
  at.clock.advance(500);
  expect(await take(at)).toEqual([200, "2", "1", "60"]);
});

test("the bucket is the organisation's, else the token's, else the address's", async () => {
  await using at = await lab({ rateLimit: 1 });
  const org = { "x-molecule-org-id": "o" };
  expect((await take(at, { token: "a" }))[0]).toBe(200);
  expect((await take(at, { token: "b" }))[0]).toBe(200);
  expect((await take(at, { token: "a" }))[0]).toBe(429);
  expect((await take(at))[0]).toBe(200);
  expect((await take(at))[0]).toBe(429);
  expect((await take(at, { token: "c", headers: org }))[0]).toBe(200);
  expect((await take(at, { token: "d", headers: org }))[0]).toBe(429);
});

test("calls that fail count too, whatever they fail of", async () => {
  await using at = await lab({ rateLimit: 3 });
  expect(await take(at, {}, "/nowhere")).toEqual([404, "3", "2", "60"]);
  expect(await take(at, {}, "/workspaces")).toEqual([401, "3", "1", "60"]);
  const refused = await at.post("/registry/register", { raw: "{" });
  expect([refused.status, refused.headers.get("x-ratelimit-remaining")]).toEqual([400, "0"]);
  expect((await take(at, {}, "/workspaces"))[0]).toBe(429);
});

test("0 means no limit and no headers", async () => {
  await using at = await lab({ rateLimit: 0 });
  expect(await take(at)).toEqual([200, null, null, null]);
});

test("buckets whose window has ended are forgotten", () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(1, clock);
  for (let i = 0; i < 5_000; i++) limiter.take(`token:${i}`);
  clock.advance(WINDOW_MS);
  limiter.take("token:new");
  expect(limiter.size).toBe(1);
});
