import { expect, test } from "bun:test";
import { JsonCalls } from "../../../src/platform/json-calls.ts";
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
    const sleep = async (ms: number) => void this.pauses.push(ms);
    return new JsonCalls(partsFor(this.#server.url.href, { clock: { ...systemClock, sleep } }));
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

test("what changes something is never made twice", async () => {
  using busy = new Busy(1, "1");
  await failureOf(busy.client.send("changing", "POST", ["workspaces"]));
  expect(busy.calls).toBe(1);
});
