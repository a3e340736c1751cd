import { expect, test } from "bun:test";
import { type JsonCallOptions, JsonCalls } from "../../../src/platform/json-calls.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { failureOf, partsFor } from "../../harness/client.ts";

/** A platform that refuses the first calls for their rate, and the pauses that were made of it. */
class Busy implements Disposable {
  readonly pauses: number[] = [];
  calls = 0;
  readonly #server: Bun.Server<undefined>;

  constructor(refusals: number, retryAfter: string | undefined) {
    this.#server = Bun.serve({
      port: 0,
      fetch: () => {
        this.calls += 1;
        if (this.calls > refusals) return Response.json({ status: "ok" });
        const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
        return Response.json({ error: "rate limit exceeded" }, { status: 429, headers });
      },
    });
  }

  get client(): JsonCalls {
    return this.clientWith();
  }

  clientWith(options?: JsonCallOptions): JsonCalls {
    const sleep = async (ms: number) => void this.pauses.push(ms);
    return new JsonCalls(
      partsFor(this.#server.url.href, { clock: { ...systemClock, sleep } }),
      options,
    );
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

test("a reading that the rate limit refuses is made once more, after the pause that was asked for", async () => {
  using busy = new Busy(1, "3");
  expect(await busy.client.get("reading", ["health"])).toEqual({ status: "ok" });
  expect(busy.pauses).toEqual([3_000]);
});

test("a pause of no time is one of a second", async () => {
  using busy = new Busy(1, "0");
  await busy.client.get("reading", ["health"]);
  expect(busy.pauses).toEqual([1_000]);
});

test("it is made once more and not for ever", async () => {
  using busy = new Busy(9, "1");
  expect((await failureOf(busy.client.get("reading", ["health"]))).failure.status).toBe(429);
  expect(busy.calls).toBe(2);
});

test("nobody waits for a long pause, or for one of unknown length", async () => {
  for (const retryAfter of ["11", undefined]) {
    using busy = new Busy(1, retryAfter);
    await failureOf(busy.client.get("reading", ["health"]));
    expect({ calls: busy.calls, pauses: busy.pauses }).toEqual({ calls: 1, pauses: [] });
  }
});

test("nobody waits who asked not to", async () => {
  using busy = new Busy(1, "1");
  await failureOf(busy.clientWith({ again: false }).get("reading", ["health"]));
  expect({ calls: busy.calls, pauses: busy.pauses }).toEqual({ calls: 1, pauses: [] });
});

test("what changes something is never made twice", async () => {
  using busy = new Busy(1, "1");
  await failureOf(busy.client.send("changing", "POST", ["workspaces"]));
  expect(busy.calls).toBe(1);
});

test.each([200, 20_000, 200_000])(
  "of an answer of %d levels all is there but what lies deepest",
  async (levels) => {
    const text = `{"auth_token":"the only copy","deep":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    using server = Bun.serve({
      port: 0,
      fetch: () => new Response(text, { headers: { "content-type": "application/json" } }),
    });
    const calls = new JsonCalls(partsFor(server.url.href));
    const found = await calls.send("making it", "POST", ["tokens"]);
    expect(found["auth_token"]).toBe("the only copy");
    const told = JSON.stringify(found, null, 2);
    expect(told).toContain("nested too deeply");
    expect(told.length).toBeLessThan(50_000);
  },
);
